/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth pause, unpause. */

#include "client.h"
#include "verbs.h"

typedef struct Pausing {
        sd_bus *bus;
        const char *method;
} Pausing;

static int pause_one(const char *name, void *userdata, Error *error) {
        const Pausing *pausing = userdata;
        int r = client_call_simple(pausing->bus, NULL, error, pausing->method, "s", name);

        return r < 0 ? r : EXIT_SUCCESS;
}

static int call_method(const Call *call, const char *method, Error *error) {
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = client_open(&bus, error);

        return r < 0 ? r : call_each(call, pause_one, &(Pausing){ bus, method });
}

static int pause_verb(const Call *call, Error *error) {
        return call_method(call, "PauseMachine", error);
}

static int unpause_verb(const Call *call, Error *error) {
        return call_method(call, "UnpauseMachine", error);
}

const Verb verb_pause = {
        .names = "pause|freeze",
        .operands = "NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .help = "Stop all processes of machines where they are",
        .details =
                "Nothing is lost: berth unpause lets them go on. A machine that is paused can be stopped and killed; a command "
                "cannot be executed in it.",
        .run = pause_verb,
};

const Verb verb_unpause = {
        .names = "unpause|thaw",
        .operands = "NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .help = "Let machines go on that were paused",
        .run = unpause_verb,
};
