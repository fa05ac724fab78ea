/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machined.h"

#include <net/if.h>

#define MACHINED_NAME "org.freedesktop.machine1"
#define MACHINED_PATH "/org/freedesktop/machine1"
#define MACHINED_MANAGER "org.freedesktop.machine1.Manager"

/* It answers within milliseconds, if it is there. */
#define ANSWER_USEC (2 * USEC_PER_SEC)

/* How often a name that it has not given up yet is asked for. */
enum { TRIES_MAX = 50 };

/* What machined is told of a machine. */
typedef struct Registration {
        char *name, *root;
        pid_t leader;
        int32_t interface;       /* the host's end of its link, 0: none */
        unsigned tries;
} Registration;

static Registration registration_of(const Spec *spec, pid_t leader) {
        return (Registration){
                .name = spec->name,
                .root = spec->root,
                .leader = leader,
                /* What machinectl and nss-mymachines look at the machine's network by. */
                .interface = spec->link.host ? (int32_t) if_nametoindex(spec->link.host) : 0,
        };
}

static int new_call(sd_bus *bus, const char *method, const char *name, sd_bus_message **ret) {
        int r = sd_bus_message_new_method_call(bus, ret, MACHINED_NAME, MACHINED_PATH, MACHINED_MANAGER, method);

        return r < 0 ? r : sd_bus_message_append(*ret, "s", name);
}

static int new_registration_call(sd_bus *bus, const Registration *g, sd_bus_message **ret) {
        int r = new_call(bus, "RegisterMachineWithNetwork", g->name, ret);

        /* No machine id: it may be left out (systemd 252: 16 bytes or none). */
        if (r >= 0)
                r = sd_bus_message_append_array(*ret, 'y', NULL, 0);
        if (r >= 0)
                r = sd_bus_message_append(*ret, "ssus", "berth", "container", (uint32_t) g->leader, g->root);
        return r < 0 ? r : sd_bus_message_append_array(*ret, 'i', &g->interface, g->interface > 0 ? sizeof(g->interface) : 0);
}

int machined_register(sd_bus *bus, const Spec *spec, pid_t leader) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Registration g = registration_of(spec, leader);
        int r;

        if (!spec->registered)
                return 0;
        r = new_registration_call(bus, &g, &m);

        /* No reply: nothing would be done with it, and dbus-daemon allows 128 that are outstanding, which a machined that
         * hangs must not use up. */
        if (r >= 0)
                r = sd_bus_message_set_expect_reply(m, false);
        return r < 0 ? r : sd_bus_send(bus, m, NULL);
}

/* Again */

static void registration_free(void *userdata) {
        Registration *g = userdata;

        free(g->name);
        free(g->root);
        free(g);
}

static Registration *registration_copy(const Registration *g) {
        Registration *copy = malloc(sizeof(*copy));

        if (!copy)
                return NULL;
        *copy = *g;
        copy->name = strdup(g->name);
        copy->root = strdup(g->root);
        if (copy->name && copy->root)
                return copy;
        registration_free(copy);
        return NULL;
}

static int on_again(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);

/* The answer to CALL comes with a copy of G, which is gone with it, or with the bus. */
static int ask(sd_bus *bus, sd_bus_message *call, const Registration *g) {
        Registration *copy = registration_copy(g);
        sd_bus_slot *slot;
        int r = copy ? sd_bus_call_async(bus, &slot, call, on_again, copy, ANSWER_USEC) : -ENOMEM;

        if (r < 0) {
                if (copy)
                        registration_free(copy);
                return r;
        }
        (void) sd_bus_slot_set_destroy_callback(slot, registration_free);
        (void) sd_bus_slot_set_floating(slot, true);
        sd_bus_slot_unref(slot);
        return 0;
}

/* That of UnregisterMachine, or of a registration that came too early. */
static int on_again(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        const sd_bus_error *e = sd_bus_message_get_error(m);
        Registration *g = userdata;

        if (g->tries > 0 && !sd_bus_error_has_name(e, "org.freedesktop.machine1.MachineExists"))
                return 0;
        if (g->tries++ < TRIES_MAX && new_registration_call(sd_bus_message_get_bus(m), g, &call) >= 0)
                (void) ask(sd_bus_message_get_bus(m), call, g);
        return 0;
}

/*
 * machined forgets a machine not when it is told to but when it has nothing else to do (257), and until then there is one of
 * that name. It gets there while nothing of ours is on its way to it: hence one call after the answer to the other.
 */
int machined_register_again(sd_bus *bus, const Spec *spec, pid_t leader) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Registration g = registration_of(spec, leader);
        int r;

        if (!spec->registered)
                return 0;
        r = new_call(bus, "UnregisterMachine", spec->name, &m);
        return r < 0 ? r : ask(bus, m, &g);
}

int machined_unregister(sd_bus *bus, const char *name, sd_bus_message_handler_t handler, void *userdata, sd_bus_slot **ret_slot) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = new_call(bus, "UnregisterMachine", name, &m);
        /* One that does not run knows of no machine. */
        if (r >= 0)
                r = sd_bus_message_set_auto_start(m, false);
        return r < 0 ? r : sd_bus_call_async(bus, ret_slot, m, handler, userdata, ANSWER_USEC);
}
