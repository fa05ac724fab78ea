/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth wait. */

#include <stdio.h>

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

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        *(bool *) userdata = true;
        return 0;
}

static int look(sd_bus *bus, const char *name, const char *condition, bool *ret_true, Error *error) {
        _cleanup_machine_info_ MachineInfo info = MACHINE_INFO_NULL;
        _cleanup_error_ Error why = ERROR_NULL;
        int r = machine_info_read(bus, name, &info, &why);

        if (r < 0 && why.kind == ERROR_NO_SUCH_MACHINE && streq(condition, "removed")) {
                *ret_true = true;
                return 0;
        }
        if (r < 0) {
                *error = why;
                why = ERROR_NULL;
                return r;
        }
        *ret_true = streq(info.state, condition);
        return 0;
}

static int wait_one(sd_bus *bus, const char *name, const char *condition, bool *changed, Error *error) {
        bool met = false;
        int r = look(bus, name, condition, &met, error);

        while (r >= 0 && !met) {
                *changed = false;
                while (r >= 0 && !*changed) {
                        r = sd_bus_process(bus, NULL);
                        if (r == 0)
                                r = sd_bus_wait(bus, UINT64_MAX);
                        if (r == -EINTR)
                                r = 0;
                }
                r = r < 0 ? error_set_errno(error, r, "waiting for the machine", name) : look(bus, name, condition, &met, error);
        }
        return r;
}

static int wait_for_condition(const Call *call, const char *condition, Error *error) {
        static const char match[] = "type='signal',sender='org.berth1',path_namespace='/org/berth1'";
        _cleanup_bus_ sd_bus *bus = NULL;
        bool changed = false;
        int r;

        if (machine_state_from_string(condition) == _MACHINE_STATE_INVALID && !streq(condition, "removed"))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the option", "--condition",
                                 "'%s' is neither a state of a machine nor stopped or removed", condition);
        r = client_open(&bus, error);
        if (r >= 0) {
                r = sd_bus_add_match(bus, NULL, match, on_signal, &changed);
                if (r < 0)
                        error_set_errno(error, r, "listening to the bus", NULL);
        }
        STRV_FOREACH(name, call->operands)
                if (r >= 0)
                        r = wait_one(bus, *name, condition, &changed, error);
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
