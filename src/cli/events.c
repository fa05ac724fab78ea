/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth events: what happens to machines, as it happens. */

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#include "client.h"
#include "clock.h"
#include "machine.h"
#include "output.h"
#include "string-util.h"
#include "verbs.h"

typedef struct EventsOptions {
        JsonMode json;
} EventsOptions;

static const Option events_options[] = {
        { "json", &type_json_mode, offsetof(EventsOptions, json), "JSON, an object a line: short or off" },
        {},
};

typedef struct Events {
        sd_bus *bus;
        bool json;
        char *const *names;      /* those that are asked for; none: all */
        int failure;
} Events;

static bool is_wanted(const Events *e, const char *name) {
        if (!e->names[0])
                return true;
        for (char *const *n = e->names; *n; n++)
                if (streq(*n, name))
                        return true;
        return false;
}

/* DETAILS is taken over; its members go into the line. */
static void report(Events *e, const char *name, const char *event, json_t *details) {
        json_auto_t *object = json_pack("{s:I, s:s, s:s}", "time_usec", (json_int_t) clock_usec(CLOCK_REALTIME), "machine", name,
                                        "event", event);
        time_t now = time(NULL);
        char date[64] = "";
        struct tm tm;
        const char *key;
        json_t *value;

        if (e->json) {
                (void) json_object_update(object, details);
                (void) json_dumpf(object, stdout, JSON_COMPACT);
        } else {
                if (localtime_r(&now, &tm))
                        (void) strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
                printf("%s %s %s", date, name, event);
                json_object_foreach(details, key, value) {
                        _cleanup_free_ char *text = json_is_string(value) ? str_escape(json_string_value(value))
                                                                          : json_dumps(value, JSON_ENCODE_ANY);

                        printf(" %s=%s", key, strempty(text));
                }
        }
        putchar('\n');
        /* Each at once; nobody who reads is the end of it. */
        if (fflush(stdout) != 0)
                e->failure = negative_errno();
        json_decref(details);
}

static json_t *end_details(const MachineInfo *info) {
        MachineResult result = machine_result_from_string(info->result);

        if (result == RESULT_NONE)
                return json_object();
        return json_pack("{s:s, s:i, s:s*}", "result", info->result, "status", info->exit_status, "reason",
                         isempty(info->reason) ? NULL : info->reason);
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_machine_info_ MachineInfo info = MACHINE_INFO_NULL;
        _cleanup_free_ char *name = NULL;
        Events *e = userdata;
        const char *interface;

        if (sd_bus_path_decode(sd_bus_message_get_path(m), "/org/berth1/machine", &name) <= 0 || !is_wanted(e, name) ||
            sd_bus_message_read(m, "s", &interface) < 0 || !streq(interface, "org.berth1.Machine") ||
            machine_info_read_changed(m, &info) < 0)
                return 0;

        /* A state is an event. */
        if (info.state)
                report(e, name, info.state, info.result ? end_details(&info) : json_object());
        if (!isempty(info.health) && !streq(info.health, "starting"))
                report(e, name, info.health,
                       json_pack("{s:s*}", "output", isempty(info.health_output) ? NULL : info.health_output));
        if (!isempty(info.survivors))
                report(e, name, "survived", json_pack("{s:s}", "processes", info.survivors));
        return 0;
}

static int on_out_of_memory(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_free_ char *name = NULL;
        uint64_t peak, limit;
        const char *victim;
        Events *e = userdata;
        uint32_t kills;

        if (sd_bus_path_decode(sd_bus_message_get_path(m), "/org/berth1/machine", &name) > 0 && is_wanted(e, name) &&
            sd_bus_message_read(m, "sutt", &victim, &kills, &peak, &limit) >= 0)
                report(e, name, "out-of-memory",
                       json_pack("{s:s*, s:I, s:I, s:I}", "victim", isempty(victim) ? NULL : victim, "kills", (json_int_t) kills,
                                 "peak", (json_int_t) peak, "limit", (json_int_t) limit));
        return 0;
}

static int on_machine(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *name;
        Events *e = userdata;

        if (sd_bus_message_read(m, "s", &name) >= 0 && is_wanted(e, name))
                report(e, name, streq(sd_bus_message_get_member(m), "MachineNew") ? "new" : "removed", json_object());
        return 0;
}

static int subscribe(Events *e, Error *error) {
        int r = sd_bus_add_match(e->bus, NULL,
                                 "type='signal',path_namespace='/org/berth1/machine',"
                                 "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'",
                                 on_changed, e);

        if (r >= 0)
                r = sd_bus_add_match(e->bus, NULL,
                                     "type='signal',path_namespace='/org/berth1/machine',interface='org.berth1.Machine',"
                                     "member='OutOfMemory'",
                                     on_out_of_memory, e);
        if (r >= 0)
                r = sd_bus_match_signal(e->bus, NULL, NULL, "/org/berth1", "org.berth1.Manager", "MachineNew", on_machine, e);
        if (r >= 0)
                r = sd_bus_match_signal(e->bus, NULL, NULL, "/org/berth1", "org.berth1.Manager", "MachineRemoved", on_machine, e);
        return r < 0 ? error_set_errno(error, r, "listening to the bus", NULL) : 0;
}

static int events_verb(const Call *call, Error *error) {
        const EventsOptions *options = call->options;
        _cleanup_bus_ sd_bus *bus = NULL;
        Events events = { .json = options->json != JSON_OFF, .names = call->operands };
        int r = client_open(&bus, error);

        if (r < 0)
                return r;
        events.bus = bus;
        r = subscribe(&events, error);
        while (r >= 0 && events.failure == 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
                if (r == -EINTR)
                        r = 0;
        }
        if (events.failure < 0)
                return error_set_errno(error, events.failure, "writing to standard output", NULL);
        return r < 0 ? error_set_errno(error, r, "listening to the bus", NULL) : EXIT_SUCCESS;
}

const Verb verb_events = {
        .names = "events|monitor",
        .operands = "[NAME…]",
        .most = SIZE_MAX,
        .options = events_options,
        .size = sizeof(EventsOptions),
        .help = "Print what happens to machines, until interrupted",
        .details =
                "A line each time that a machine is new, changes its state (with how it ended), runs out of "
                "memory (with what the kernel killed), turns healthy or unhealthy, has processes that survive being killed, or is "
                "removed.",
        .run = events_verb,
};
