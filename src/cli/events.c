/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth events: what happens to machines, as it happens. */

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#include "follow.h"
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

static void print_text(const json_t *event) {
        static const char *const told[] = { "time_usec", "machine", "event" };
        time_t when = (time_t) (json_integer_value(json_object_get(event, told[0])) / (json_int_t) USEC_PER_SEC);
        const char *machine = json_string_value(json_object_get(event, told[1])), *key;
        char date[64] = "";
        json_t *value;
        struct tm tm;

        if (localtime_r(&when, &tm))
                (void) strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
        printf("%s %s %s", date, machine ? machine : "-", strempty(json_string_value(json_object_get(event, told[2]))));
        json_object_foreach((json_t *) event, key, value) {
                _cleanup_free_ char *text = NULL;

                if (streq(key, told[0]) || streq(key, told[1]) || streq(key, told[2]))
                        continue;
                text = json_is_string(value) ? str_escape(json_string_value(value)) : json_dumps(value, JSON_ENCODE_ANY);
                printf(" %s=%s", key, strempty(text));
        }
}

/* How machines were when it began is no event. */
static bool is_told(const json_t *event) {
        const char *what = json_string_value(json_object_get(event, "event"));

        return !json_is_true(json_object_get(event, "survey")) && what && !streq(what, "following");
}

static int events_verb(const Call *call, Error *error) {
        const EventsOptions *options = call->options;
        _cleanup_follow_ Follow follow = {};
        int r = follow_open(call->operands, &follow, error);

        while (r >= 0) {
                json_auto_t *event = NULL;

                r = follow_next(&follow, &event, error);
                if (r < 0 || !is_told(event))
                        continue;
                if (options->json != JSON_OFF)
                        (void) json_dumpf(event, stdout, JSON_COMPACT);
                else
                        print_text(event);
                putchar('\n');
                /* Each at once; nobody who reads is the end of it. */
                if (fflush(stdout) != 0)
                        r = error_set_errno(error, negative_errno(), "writing to standard output", NULL);
        }
        return r;
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
                "removed. Nothing is waited for that is not read: \"lost\" says how many events there was no room for, and what is told next "
                "is how machines differ from what was told before.",
        .run = events_verb,
};
