/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connection.h"
#include "console.h"
#include "fd-util.h"
#include "interfaces.h"
#include "join.h"
#include "setting.h"
#include "streams.h"

/* More than anybody needs, and few enough for the descriptors of a supervisor. */
enum { EXECS_MAX = 256 };

struct Exec {
        Supervisor *supervisor;
        Exec *previous, *next;
        Joining joining;
        sd_event_source *outcome_source, *child_source;
        sd_bus_message *call;    /* not answered yet */
        Connection *connection;  /* of its session, NULL where there is none any more */
        Console *console;
        bool detach;
        void (*handler)(void *userdata, const State *result); /* of one of our own */
        void *userdata;
        bool left;               /* the client has said that it goes */
        bool reaped;
        bool done;
        State result;            /* result and status alone */
};

static const char what[] = "executing in the machine";

void exec_request_done(ExecRequest *request) {
        request->spec = spec_free(request->spec);
}

static Exec *exec_free(Exec *e) {
        if (!e)
                return NULL;

        if (e->previous)
                e->previous->next = e->next;
        else if (e->supervisor->execs == e)
                e->supervisor->execs = e->next;
        if (e->next)
                e->next->previous = e->previous;
        e->supervisor->n_execs--;

        sd_event_source_disable_unref(e->outcome_source);
        sd_event_source_disable_unref(e->child_source);
        sd_bus_message_unref(e->call);
        console_free(e->console);
        pidref_done(&e->joining.process);
        (void) fd_close(e->joining.socket);
        state_done(&e->result);
        free(e);
        return NULL;
}
DEFINE_CLEANUP(Exec *, exec_free);

/* The end */

/* Whoever waits is told; without anybody it is forgotten. */
static void finish(void *userdata) {
        Exec *e = userdata;

        e->done = true;
        e->console = console_free(e->console);
        if (e->connection)
                connection_exec_done(e->connection);
        else {
                void (*handler)(void *userdata, const State *result) = e->handler;
                State result = { .result = e->result.result, .status = e->result.status };
                void *handler_userdata = e->userdata;

                exec_free(e);
                if (handler)
                        handler(handler_userdata, &result);
        }
}

static void fail_call(Exec *e, const Error *error) {
        sd_bus_message *call = TAKE_PTR(e->call);

        if (call)
                (void) reply_error(call, error);
        sd_bus_message_unref(call);
}

static void answer_call(Exec *e) {
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_close_ int fd = -EBADF;
        int r = 0;

        if (!e->detach)
                r = connection_open_exec_session(e->supervisor, e, &e->connection, &fd, &error);
        if (r < 0)
                fail_call(e, &error);
        else if (e->call) {
                /* For one that is detached, a descriptor all the same: the signature has it. It is of a session that is over. */
                if (fd < 0)
                        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
                (void) sd_bus_reply_method_return(e->call, "h", fd);
                e->call = sd_bus_message_unref(e->call);
        }
}

/* 1 where more is to come. */
static int read_outcome(Exec *e) {
        _cleanup_error_ Error error = ERROR_NULL;
        int terminal, r = join_outcome(&e->joining, &terminal, &error);

        if (r > 0) {
                r = e->console ? fd_close(terminal),
                -EPROTO        : console_new(e->supervisor->event, terminal, /* hold= */ !e->detach, &e->console, &error);
                if (r >= 0)
                        return 1;
                (void) pidref_kill(&e->joining.process, SIGKILL);
        }

        e->outcome_source = sd_event_source_disable_unref(e->outcome_source);
        e->joining.socket = fd_close(e->joining.socket);
        if (r < 0)
                fail_call(e, &error);
        else
                answer_call(e);
        return 0;
}

static int on_outcome(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) read_outcome(userdata);
        return 0;
}

static int on_child(sd_event_source *source, const siginfo_t *info, void *userdata) {
        Exec *e = userdata;

        /* What it said before it ended comes first. */
        while (e->outcome_source && read_outcome(e) > 0)
                ;

        e->reaped = true;
        e->result.status = info->si_status;
        e->result.result = info->si_code == CLD_EXITED ? RESULT_EXITED : RESULT_SIGNAL;
        if (e->console)
                console_drain(e->console, finish, e);
        else
                finish(e);
        return 0;
}

/*
 * A traced process is its tracer's until that has seen its end: ours may have been told before there was anything for us
 * to wait for, and is not told again.
 */
static int on_tracer(sd_event_source *source, const siginfo_t *info, void *userdata) {
        Supervisor *s = userdata;
        Exec *next;

        for (Exec *e = s->execs; e; e = next) {
                siginfo_t end = {};

                next = e->next;
                if (e->joining.tracer != info->si_pid || e->reaped ||
                    waitid(P_PID, (id_t) e->joining.child, &end, WEXITED | WNOHANG) < 0 || end.si_pid == 0)
                        continue;
                e->child_source = sd_event_source_disable_unref(e->child_source);
                (void) on_child(NULL, &end, e);
        }
        return 0;
}

/* The start */

static uint64_t capabilities_of(const Supervisor *s, const ExecRequest *request) {
        uint64_t capabilities = s->plan->confinement.capabilities | request->spec->capability;
        PlanHost host;

        if (!request->privileged && request->spec->capability == 0)
                return capabilities & ~request->spec->drop_capability;
        if (plan_host_read(&host, NULL) < 0)
                return s->plan->confinement.capabilities;
        return (request->privileged ? host.capabilities : capabilities & host.capabilities) & ~request->spec->drop_capability;
}

static int join(Exec *e, const ExecRequest *request, const int stdio[static 3], Error *error) {
        static const char *const inherited[] = { "User", "WorkingDirectory" };
        const Supervisor *s = e->supervisor;
        const Spec *spec = request->spec, *from[ELEMENTSOF(inherited)];
        bool copies = request->copy_in || request->copy_out;
        _cleanup_confinement_ Confinement confinement = {};
        int r;

        r = plan_confine_joining(s->plan, capabilities_of(s, request), FILTER_DIRECTORY, &confinement, error);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(inherited); i++)
                from[i] = setting_is_assigned(setting_by_name(inherited[i]), spec) ? spec : s->spec;

        return join_begin(
                &(JoinRequest){
                        .plan = s->plan,
                        .leader = &s->leader,
                        .cgroup = &s->cgroup,
                        .command = spec->parameters,
                        .environment = spec->environment,
                        .user = copies ? "0:0" : from[0]->user,
                        .directory = copies ? "/" : from[1]->working_directory,
                        .confinement = &confinement,
                        .copy = request->copy_in    ? JOIN_COPY_IN
                                : request->copy_out ? JOIN_COPY_OUT
                                                    : JOIN_COPY_NONE,
                        .keep_owner = request->keep_owner,
                        .terminal = request->terminal,
                        .terminal_size = request->terminal_size,
                        .stdio = { stdio[0], stdio[1], stdio[2] },
                        .report = request->report,
                },
                &e->joining, error);
}

static int check(const Supervisor *s, const ExecRequest *request, Error *error) {
        if (!request->spec->parameters)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, what, s->spec->name, "there is no command");
        if (s->phase == PHASE_PAUSING || s->phase == PHASE_PAUSED)
                return error_set(error, ERROR_MACHINE_PAUSED, EBUSY, what, s->spec->name,
                                 "it is paused, so nothing would run: 'berth unpause %s' first", s->spec->name);
        if (s->phase != PHASE_RUNNING && s->phase != PHASE_READYING)
                return error_set(error, ERROR_MACHINE_NOT_RUNNING, ESRCH, what, s->spec->name, "it is %s",
                                 machine_state_to_string(s->state.state));
        if (s->n_execs >= EXECS_MAX)
                return error_set(error, ERROR_LIMIT_REACHED, EBUSY, what, s->spec->name, "%i others are there already",
                                 EXECS_MAX);
        return 0;
}

static int start(Exec *e, const ExecRequest *request, Error *error) {
        int stdio[3] = { -EBADF, -EBADF, -EBADF };
        Supervisor *s = e->supervisor;
        int r = request->terminal ? 0 : streams_open(s, request->stdio, /* copies= */ false, stdio, error);

        if (r >= 0)
                r = join(e, request, stdio, error);
        fd_close_many(stdio, ELEMENTSOF(stdio));
        if (r < 0)
                return r;

        r = sd_event_add_io(s->event, &e->outcome_source, e->joining.socket, EPOLLIN, on_outcome, e);
        if (r >= 0)
                r = sd_event_add_child(s->event, &e->child_source, e->joining.child, WEXITED, on_child, e);
        /* It only has to be reaped. */
        if (r >= 0 && e->joining.tracer > 0)
                r = sd_event_add_child(s->event, NULL, e->joining.tracer, WEXITED, on_tracer, s);
        if (r < 0) {
                (void) pidref_kill(&e->joining.process, SIGKILL);
                (void) waitpid(e->joining.child, NULL, 0);
                return error_set_errno(error, r, what, s->spec->name);
        }
        return 0;
}

int exec_begin(Supervisor *s, const ExecRequest *request, sd_bus_message *call, Exec **ret, Error *error) {
        _cleanup_(exec_freep) Exec *e = NULL;
        int r = check(s, request, error);

        if (r < 0)
                return r;
        e = calloc(1, sizeof(*e));
        if (!e)
                return error_oom(error);
        *e = (Exec){ .supervisor = s,
                     .joining = JOINING_NULL,
                     .detach = request->detach,
                     .handler = request->done,
                     .userdata = request->userdata,
                     .result = STATE_NULL,
                     .next = s->execs };
        if (e->next)
                e->next->previous = e;
        s->execs = e;
        s->n_execs++;

        r = start(e, request, error);
        if (r < 0)
                return r;
        e->call = sd_bus_message_ref(call);
        if (ret)
                *ret = e;
        TAKE_PTR(e);
        return 0;
}

/* Of its session */

void exec_signal(Exec *e, int signal) {
        if (!e->reaped)
                (void) pidref_kill(&e->joining.process, signal);
}

Console *exec_console(Exec *e) {
        return e->console;
}

bool exec_is_done(const Exec *e, State *ret) {
        if (e->done)
                *ret = e->result;
        return e->done;
}

void exec_leave(Exec *e) {
        e->left = true;
}

void exec_connection_lost(Exec *e) {
        e->connection = NULL;
        if (e->done)
                exec_free(e);
        else if (!e->left && !e->reaped)
                e->console = console_free(e->console);
}

void exec_forget(Exec *e) {
        e->handler = NULL;
        exec_signal(e, SIGKILL);
}

void execs_end(Supervisor *s) {
        while (s->execs)
                exec_free(s->execs);
}
