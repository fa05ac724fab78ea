/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth wait. */

#include <stdio.h>

#include "follow.h"
#include "machine.h"
#include "session.h"
#include "strv.h"
#include "verbs.h"

typedef struct WaitOptions {
        bool quiet;
        char *condition;
} WaitOptions;

static const Option wait_options[] = {
        { "quiet|q", &type_boolean, offsetof(WaitOptions, quiet), "Print nothing" },
        { "condition", &type_string, offsetof(WaitOptions, condition),
          "Wait for a state (running, paused, exited, failed, created) or for removed instead" },
        {},
};

typedef struct Waiter {
        Session session;
        int known;               /* the exit status of one that has ended already, else negative */
} Waiter;

static int begin(sd_bus *bus, const char *name, Waiter *waiter, Error *error) {
        _cleanup_error_ Error why = ERROR_NULL;
        int fd, r;

        waiter->known = -1;
        r = client_open_session(bus, name, &fd, &why);
        if (r >= 0) {
                r = session_open(fd, name, &waiter->session, error);
                return r < 0 ? r : session_watch(&waiter->session, error);
        }
        if (why.kind != ERROR_MACHINE_NOT_RUNNING) {
                *error = why;
                why = ERROR_NULL;
                return r;
        }
        return waiter->known = machine_last_exit_status(bus, name, error);
}

/* The session is there for all before the first is waited for, so that none that ends meanwhile is missed. */
static int begin_all(sd_bus *bus, char **names, Waiter *waiters, Error *error) {
        for (size_t i = 0; names[i]; i++) {
                int r = begin(bus, names[i], waiters + i, error);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int wait_all(Waiter *waiters, size_t n, bool quiet, Error *error) {
        int status = EXIT_SUCCESS;

        for (size_t i = 0; i < n; i++) {
                status = waiters[i].known;
                if (status < 0) {
                        int r = session_wait(&waiters[i].session, USEC_INFINITY, error);

                        if (r < 0)
                                return r;
                        status = session_exit_status(&waiters[i].session);
                }
                if (!quiet) {
                        printf("%i\n", status);
                        (void) fflush(stdout);
                }
        }
        return status;
}

/* A state, or whether it is there at all, as the manager tells it. */

/* What berthd says of one that is not there. */
static int no_such_machine(const char *name, Error *error) {
        _cleanup_machine_info_ MachineInfo info = MACHINE_INFO_NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = client_open(&bus, error);

        if (r >= 0)
                r = machine_info_read(bus, name, &info, error);
        return r < 0 ? r : error_set(error, ERROR_NO_SUCH_MACHINE, ENOENT, "waiting for the machine", name, "it was removed");
}

static int wait_one(const char *name, const char *condition, Error *error) {
        char *const names[] = { (char *) name, NULL };
        _cleanup_follow_ Follow follow = {};
        bool is_there = false;
        int r = follow_open(names, &follow, error);

        while (r >= 0) {
                json_auto_t *event = NULL;
                const char *what;

                r = follow_next(&follow, &event, error);
                if (r < 0)
                        break;
                what = json_string_value(json_object_get(event, "event"));
                if (!what)
                        continue;
                if (streq(what, condition))
                        return 0;
                if (json_object_get(event, "machine"))
                        is_there = !streq(what, "removed");
                if (!is_there && (streq(what, "following") || streq(what, "removed")))
                        return streq(condition, "removed") ? 0 : no_such_machine(name, error);
        }
        return r;
}

static int wait_for_condition(const Call *call, const char *condition, Error *error) {
        int r = 0;

        if (machine_state_from_string(condition) == _MACHINE_STATE_INVALID && !streq(condition, "removed"))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the option", "--condition",
                                 "'%s' is neither a state of a machine nor stopped or removed", condition);
        STRV_FOREACH(name, call->operands)
                if (r >= 0)
                        r = wait_one(*name, condition, error);
        return r < 0 ? r : EXIT_SUCCESS;
}

static int wait_verb(const Call *call, Error *error) {
        const WaitOptions *options = call->options;
        _cleanup_free_ Waiter *waiters = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        size_t n = strv_length(call->operands);
        int r;

        if (options->condition && !streq(options->condition, "stopped"))
                return wait_for_condition(call, options->condition, error);

        waiters = calloc(n, sizeof(Waiter));
        if (!waiters)
                return error_oom(error);

        r = client_open(&bus, error);
        if (r >= 0)
                r = begin_all(bus, call->operands, waiters, error);
        bus = sd_bus_flush_close_unref(bus);
        if (r >= 0)
                r = wait_all(waiters, n, options->quiet, error);

        for (size_t i = 0; i < n; i++)
                session_done(&waiters[i].session);
        return r;
}

const Verb verb_wait = {
        .names = "wait",
        .operands = "NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .flags = VERB_MACHINE_STATUS,
        .options = wait_options,
        .size = sizeof(WaitOptions),
        .help = "Wait until machines end; print and return how they did",
        .details =
                "Prints one exit status per machine, in the order of the names, and exits with the last. A machine that has "
                "ended already counts with how it ended. With --condition nothing is printed, and the exit status is 0 once it is so.",
        .run = wait_verb,
};
