/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keep-unit.h"

#include "machined.h"

struct KeepUnit {
        sd_bus *bus;
        sd_event_source *timer;
};

KeepUnit *keep_unit_free(KeepUnit *k) {
        if (!k)
                return NULL;
        sd_event_source_disable_unref(k->timer);
        sd_bus_flush_close_unref(k->bus);
        free(k);
        return NULL;
}

/* Both look at who asks while they work, so the connection stays a moment; their answers change nothing. */
static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        KeepUnit *k = userdata;

        k->bus = sd_bus_flush_close_unref(k->bus);
        return 0;
}

/* To a berthd that runs; a machine in a unit is no reason to start one. */
static int tell_manager(KeepUnit *k, const char *name) {
        sd_bus_message *call = NULL;
        int r = sd_bus_message_new_method_call(k->bus, &call, "org.berth1", "/org/berth1", "org.berth1.Manager",
                                               "AnnounceMachine");

        if (r >= 0)
                r = sd_bus_message_append(call, "s", name);
        if (r >= 0)
                r = sd_bus_message_set_auto_start(call, /* b= */ false);
        if (r >= 0)
                r = sd_bus_message_set_expect_reply(call, /* b= */ false);
        if (r >= 0)
                r = sd_bus_send(k->bus, call, NULL);
        sd_bus_message_unref(call);
        return r;
}

int keep_unit_announce(sd_event *event, const Spec *spec, pid_t leader, bool again, KeepUnit **ret) {
        enum { LINGER_USEC = 3 * 1000 * 1000 };
        KeepUnit *k = calloc(1, sizeof(*k));
        int r;

        if (!k)
                return -ENOMEM;

        r = sd_bus_open_system(&k->bus);
        if (r >= 0)
                r = sd_bus_attach_event(k->bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &k->timer, CLOCK_MONOTONIC, LINGER_USEC, 0, on_timer, k);
        if (r >= 0)
                r = again ? machined_register_again(k->bus, spec, leader) : machined_register(k->bus, spec, leader);
        if (r >= 0)
                r = tell_manager(k, spec->name);
        if (r < 0) {
                keep_unit_free(k);
                return r;
        }

        *ret = k;
        return 0;
}

static int on_withdrawn(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        *(bool *) userdata = true;
        return 0;
}

void keep_unit_withdraw(const char *name) {
        sd_bus_slot *slot = NULL;
        sd_bus *bus = NULL;
        bool done = false;
        int r = sd_bus_open_system(&bus);

        /* The call ends in an error after its own time-out, so the loop ends too. */
        if (r >= 0)
                r = machined_unregister(bus, name, on_withdrawn, &done, &slot);
        while (r >= 0 && !done) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        sd_bus_slot_unref(slot);
        sd_bus_flush_close_unref(bus);
}
