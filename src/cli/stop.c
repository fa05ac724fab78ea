/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth stop, kill, terminate, rm: machines end and go. */

#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "client.h"
#include "clock.h"
#include "log.h"
#include "parse-util.h"
#include "session.h"
#include "string-util.h"
#include "strv.h"
#include "verbs.h"

typedef enum KillWhom {
        KILL_LEADER,
        KILL_ALL,
} KillWhom;

static const char *const kill_whom_names[] = { [KILL_LEADER] = "leader", [KILL_ALL] = "all" };

static int parse_kill_whom(void *field, const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(kill_whom_names); i++)
                if (streq(text, kill_whom_names[i])) {
                        *(KillWhom *) field = (KillWhom) i;
                        return 0;
                }
        return -EINVAL;
}

static int format_kill_whom(const void *field, char **ret) {
        *ret = strdup(kill_whom_names[*(const KillWhom *) field]);
        return *ret ? 0 : -ENOMEM;
}

static void clear_kill_whom(void *field) {
        *(KillWhom *) field = KILL_LEADER;
}

static const SettingType type_kill_whom = {
        .name = "kill-whom", .metavar = "WHOM", .signature = "s",
        .allowed = "leader or all",
        .parse = parse_kill_whom, .format = format_kill_whom, .clear = clear_kill_whom,
};

/* Machines that were told to end: each name goes there with its session, over which its end is seen. */
typedef struct Ending {
        sd_bus *bus;
        Session *sessions;
        size_t n;
        KillWhom whom;           /* for kill */
        int signal;
        bool force;              /* for rm */
} Ending;

static int ending_begin(Ending *ending, const Call *call, Error *error) {
        ending->sessions = calloc(strv_length(call->operands), sizeof(Session));
        return ending->sessions ? client_open(&ending->bus, error) : error_oom(error);
}

static void ending_done(Ending *ending) {
        for (size_t i = 0; i < ending->n; i++)
                session_done(&ending->sessions[i]);
        free(ending->sessions);
        (void) sd_bus_flush_close_unref(ending->bus);
}
#define _cleanup_ending_ _cleanup_(ending_done)

/* Opened before the machine is told to end, since afterwards there is nobody to open it. */
static int ending_add(Ending *ending, const char *name, Error *error) {
        Session *session = ending->sessions + ending->n;
        int fd, r = client_open_session(ending->bus, name, &fd, error);

        if (r < 0)
                return r;
        r = session_open(fd, name, session, error);
        if (r >= 0)
                r = session_watch(session, error);
        if (r < 0)
                session_done(session);
        else
                ending->n++;
        return r;
}

/* The last one was not told, after all: nobody waits for its end. */
static void ending_drop(Ending *ending) {
        session_done(&ending->sessions[--ending->n]);
}

/* Waits for all of them, off the bus; those that are there after UNTIL are killed. EXIT_SUCCESS or EXIT_FAILURE. */
static int ending_wait(Ending *ending, uint64_t until) {
        int status = EXIT_SUCCESS;

        ending->bus = sd_bus_flush_close_unref(ending->bus);

        for (size_t i = 0; i < ending->n; i++) {
                _cleanup_error_ Error error = ERROR_NULL;
                Session *session = ending->sessions + i;
                int r = session_wait(session, until, &error);

                if (r == 0) {
                        log_warning("machine '%s' did not end in time: killing it", session->machine);
                        r = session_kill(session, SIGKILL);
                        if (r >= 0)
                                r = session_wait(session, USEC_INFINITY, &error);
                }
                if (r > 0 && session->refused) {
                        log_error("%s", strempty(session->reason));
                        status = EXIT_FAILURE;
                }
                if (r < 0)
                        status = failure_report(r, &error, false);
        }
        return status;
}

/* Whether ERROR says that there is nothing left to end. */
static bool is_gone(const Error *error) {
        return error->kind == ERROR_MACHINE_NOT_RUNNING || error->kind == ERROR_NO_SUCH_MACHINE;
}

static int fail(int r, Error *why, Error *error) {
        *error = *why;
        *why = ERROR_NULL;
        return r;
}

typedef struct StopOptions {
        uint64_t timeout;
} StopOptions;

static const Option stop_options[] = {
        { "timeout|time|t", &type_timespan, offsetof(StopOptions, timeout),
          "Kill what has not ended by then (default: its TimeoutStopSec=)" },
        {},
};

static int stop_one(const char *name, void *userdata, Error *error) {
        _cleanup_error_ Error why = ERROR_NULL;
        Ending *ending = userdata;
        int r = ending_add(ending, name, &why);

        /* What does not run is stopped already: ExecStop= and scripts come twice. */
        if (r < 0)
                return why.kind == ERROR_MACHINE_NOT_RUNNING ? EXIT_SUCCESS : fail(r, &why, error);

        r = client_call_simple(ending->bus, NULL, &why, "StopMachine", "s", name);
        if (r >= 0 || is_gone(&why))
                return EXIT_SUCCESS;
        ending_drop(ending);
        return fail(r, &why, error);
}

static int stop_verb(const Call *call, Error *error) {
        const StopOptions *options = call->options;
        _cleanup_ending_ Ending ending = {};
        int status, waited, r = ending_begin(&ending, call, error);

        if (r < 0)
                return r;

        status = call_each(call, stop_one, &ending);
        waited = ending_wait(&ending, options->timeout == USEC_INFINITY ? USEC_INFINITY : now_usec() + options->timeout);
        return status != EXIT_SUCCESS ? status : waited;
}

const Verb verb_stop = {
        .names = "stop|poweroff",
        .operands = "NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .options = stop_options,
        .size = sizeof(StopOptions),
        .initial = &(const StopOptions){ .timeout = USEC_INFINITY },
        .help = "Ask machines to end, and wait until they have",
        .run = stop_verb,
};

static int kill_one(const char *name, void *userdata, Error *error) {
        Ending *ending = userdata;
        int r;

        /* Nothing survives SIGKILL, so the end can be waited for. */
        if (ending->signal == SIGKILL) {
                r = ending_add(ending, name, error);
                if (r < 0)
                        return r;
        }
        r = client_call_simple(ending->bus, NULL, error, "KillMachine", "ssi", name, kill_whom_names[ending->whom],
                               ending->signal);
        if (r < 0 && ending->signal == SIGKILL)
                ending_drop(ending);
        return r < 0 ? r : EXIT_SUCCESS;
}

static int kill_machines(const Call *call, KillWhom whom, int signal, Error *error) {
        _cleanup_ending_ Ending ending = { .whom = whom, .signal = signal };
        int status, waited, r = ending_begin(&ending, call, error);

        if (r < 0)
                return r;

        status = call_each(call, kill_one, &ending);
        waited = ending_wait(&ending, USEC_INFINITY);
        return status != EXIT_SUCCESS ? status : waited;
}

typedef struct KillOptions {
        int signal;
        KillWhom whom;
} KillOptions;

static const Option kill_options[] = {
        { "signal|s", &type_signal, offsetof(KillOptions, signal), "Signal to send (default: SIGKILL)" },
        { "kill-whom|whom", &type_kill_whom, offsetof(KillOptions, whom), "Processes to send it to (default: leader)" },
        {},
};

static int kill_verb(const Call *call, Error *error) {
        const KillOptions *options = call->options;

        return kill_machines(call, options->whom, options->signal, error);
}

const Verb verb_kill = {
        .names = "kill",
        .operands = "NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .options = kill_options,
        .size = sizeof(KillOptions),
        .initial = &(const KillOptions){ .signal = SIGKILL, .whom = KILL_LEADER },
        .help = "Send a signal to machines",
        .details = "The leader is the process that the machine stands and falls with: SIGKILL to it ends the machine, and berth "
                   "waits until it has.",
        .run = kill_verb,
};

static int terminate_verb(const Call *call, Error *error) {
        return kill_machines(call, KILL_ALL, SIGKILL, error);
}

const Verb verb_terminate = {
        .names = "terminate",
        .operands = "NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .help = "Kill machines with all their processes",
        .run = terminate_verb,
};

typedef struct RemoveOptions {
        bool force;
} RemoveOptions;

static const Option remove_options[] = {
        { "force|f", &type_boolean, offsetof(RemoveOptions, force), "Kill it first where it runs" },
        {},
};

/* The manager sees the end of a machine as soon as its clients do, but not before them. */
static int remove_ended(Ending *ending, const char *name, Error *error) {
        uint64_t until = now_usec() + 5 * USEC_PER_SEC;

        for (;;) {
                _cleanup_error_ Error why = ERROR_NULL;
                int r = client_call_simple(ending->bus, NULL, &why, "RemoveMachine", "s", name);

                /* One that was run with --rm goes by itself. */
                if (r >= 0 || why.kind == ERROR_NO_SUCH_MACHINE)
                        return EXIT_SUCCESS;
                if (why.kind != ERROR_MACHINE_RUNNING || time_left(until) == 0)
                        return fail(r, &why, error);
                (void) nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
        }
}

static int remove_one(const char *name, void *userdata, Error *error) {
        _cleanup_error_ Error why = ERROR_NULL;
        Ending *ending = userdata;
        int r = client_call_simple(ending->bus, NULL, &why, "RemoveMachine", "s", name);

        if (r >= 0)
                return EXIT_SUCCESS;
        if (why.kind != ERROR_MACHINE_RUNNING || !ending->force)
                return fail(r, &why, error);

        ending->whom = KILL_ALL;
        ending->signal = SIGKILL;
        error_done(&why);
        r = kill_one(name, ending, &why);
        if (r >= 0)
                r = session_wait(&ending->sessions[ending->n - 1], USEC_INFINITY, &why);
        if (r < 0 && !is_gone(&why))
                return fail(r, &why, error);
        return remove_ended(ending, name, error);
}

static int remove_verb(const Call *call, Error *error) {
        const RemoveOptions *options = call->options;
        _cleanup_ending_ Ending ending = { .force = options->force };
        int r = ending_begin(&ending, call, error);

        return r < 0 ? r : call_each(call, remove_one, &ending);
}

const Verb verb_remove = {
        .names = "rm|remove",
        .operands = "NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .options = remove_options,
        .size = sizeof(RemoveOptions),
        .help = "Forget machines that do not run",
        .details =
                "What berth keeps of a machine that was run without --rm goes: its settings and how it ended. The tree that it "
                "was made from stays.",
        .run = remove_verb,
};
