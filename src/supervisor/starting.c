/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "starting.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "announce.h"
#include "clock.h"
#include "connection.h"
#include "console.h"
#include "ending.h"
#include "fd-util.h"
#include "health.h"
#include "hook.h"
#include "hooks.h"
#include "oom.h"
#include "parse-util.h"
#include "path-util.h"
#include "recorder.h"
#include "streams.h"
#include "string-util.h"
#include "trim.h"

/* What is recorded is read by us, the rest is the payload's own. */
static int open_streams(Supervisor *s, int streams[static 3], Error *error) {
        int r = streams_begin(s, error);

        if (r < 0)
                return r;
        if (s->console && s->recorder)
                console_record(s->console, s->recorder);
        return s->spec->terminal ? 0 : streams_open(s, s->stdio, /* copies= */ true, streams, error);
}

/* A payload that manages cgroups below its own. */
static bool is_given_controllers(const Supervisor *s) {
        return s->spec->boot || s->spec->nesting;
}

int starting_take_place(Supervisor *s, Error *error) {
        /* Once: when it was split we may not be in it any more, but below. */
        int r = s->cgroup.path ? 0 : cgroup_open_own(&s->cgroup, error);

        if (r >= 0)
                r = cgroup_split(&s->cgroup, plan_root_id(s->plan), is_given_controllers(s), error);
        if (r >= 0 && !s->rebooted)
                r = cgroup_limits_apply(&s->cgroup, s->spec->name, &s->plan->cgroup_limits, error);
        if (r >= 0)
                /* A unit of somebody else's may have a past. */
                s->oom_counted = s->keep_unit && !s->rebooted ? cgroup_oom_kills(&s->cgroup) : s->oom_counted;
        if (r >= 0)
                r = cgroup_limits_verify(&s->cgroup, s->spec, error);
        s->placed = r >= 0;
        return r;
}

static int release(Supervisor *s, Error *error) {
        int streams[] = { -EBADF, -EBADF, -EBADF };
        int r = open_streams(s, streams, error);

        if (r >= 0)
                r = birth_place(s->birth, &s->cgroup, error);
        /* Now that the leader, too, is out of the unit's own cgroup. */
        if (r >= 0 && is_given_controllers(s))
                r = cgroup_delegate(&s->cgroup, error);
        if (r >= 0)
                r = birth_release(s->birth, streams, error);
        fd_close_many(streams, ELEMENTSOF(streams));
        return r;
}

static int on_outcome(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        supervisor_dispatch(userdata, EVENT_OUTCOME);
        return 0;
}

void starting_let_go(Supervisor *s) {
        int r = error_is_set(&s->error) ? -ECANCELED : release(s, &s->error);

        timeline_mark(&s->timeline, "supervisor: leader in its cgroup, let go");
        if (r >= 0)
                r = sd_event_add_io(s->event, &s->outcome_source, birth_fd(s->birth), EPOLLIN, on_outcome, s);
        if (r < 0) {
                (void) error_set_errno(&s->error, r, "starting the machine", s->spec->name);
                ending_failed_start(s);
                return;
        }
        /* Ours are duplicates: the caller's pipes must close when the payload closes them. */
        if (!supervisor_may_begin_again(s))
                fd_close_many(s->stdio, ELEMENTSOF(s->stdio));
        s->phase = PHASE_EXECUTING;
}

void starting_on_scope_ready(Supervisor *s) {
        int r;

        if (error_is_set(&s->error)) {
                ending_failed_start(s);
                return;
        }

        timeline_mark(&s->timeline, "supervisor: scope is ready");
        r = s->placed ? 0 : starting_take_place(s, &s->error);
        if (r < 0)
                (void) error_set_errno(&s->error, r, "starting the machine", s->spec->name);
        if (r >= 0 && hooks_run(s, HOOK_PRESTART))
                s->phase = PHASE_HOOKING;
        else
                starting_let_go(s);
}

/* Nothing of it ran yet. */
void starting_on_exited_hooking(Supervisor *s) {
        s->hooks = hooks_free(s->hooks);
        if (!error_is_set(&s->error))
                (void) error_set(&s->error, ERROR_START_FAILED, ESRCH, "starting the machine", s->spec->name, "its leader died");
        ending_failed_start(s);
}

void starting_on_scope_failed(Supervisor *s) {
        (void) error_set(&s->error, ERROR_REFUSED_BY_SYSTEMD, EIO, "making the scope of", s->spec->name, NULL);
        ending_failed_start(s);
}

static void pause_msec(unsigned msec) {
        (void) nanosleep(&(struct timespec){ .tv_sec = msec / 1000, .tv_nsec = (long) (msec % 1000) * 1000000 }, NULL);
}

static bool is_machine_scope(const char *name) {
        const char *suffix = strrchr(name, '.');

        return startswith(name, "berth-") && streq_ptr(suffix, ".scope");
}

static bool is_in_scope(const char *unit) {
        _cleanup_cgroup_ Cgroup own = CGROUP_NULL;

        return cgroup_open_own(&own, NULL) >= 0 &&
               (unit ? cgroup_is_unit(&own, unit) : is_machine_scope(path_basename(own.path)));
}

void starting_await_scope(const char *unit) {
        enum { TRIES = 100, PAUSE_MSEC = 50, SETTLE_MSEC = 2000 };

        for (int i = 0; i < TRIES && !is_in_scope(unit); i++)
                pause_msec(PAUSE_MSEC);
        if (is_in_scope(unit))
                pause_msec(SETTLE_MSEC);
}

void starting_on_manager_lost(Supervisor *s) {
        starting_await_scope(s->state.unit);
        (void) error_set(&s->error, ERROR_START_FAILED, EPIPE, "starting the machine", s->spec->name, "the manager died");
        ending_failed_start(s);
}

/* What the start needed is most of what we have. For a machine that lasts: a short one does not pay for it. */
static int on_lasting(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        s->trim_timer = sd_event_source_disable_unref(s->trim_timer);
        trim_memory();
        return 0;
}

static void trim_later(Supervisor *s) {
        enum { LASTING_USEC = 500 * 1000 };

        s->trim_timer = sd_event_source_disable_unref(s->trim_timer);
        (void) sd_event_add_time_relative(s->event, &s->trim_timer, CLOCK_MONOTONIC, LASTING_USEC, LASTING_USEC, on_lasting, s);
}

void starting_on_ready(Supervisor *s) {
        s->timer = sd_event_source_disable_unref(s->timer);
        health_begin(s);
        supervisor_set_state(s, PHASE_RUNNING, MACHINE_RUNNING);
        timeline_mark(&s->timeline, "supervisor: state written");
        connections_answer_start(s);
        (void) hooks_run(s, HOOK_STARTED);
        if (s->keep_unit && s->timeline.begin > 0)
                timeline_print(&s->timeline, stderr);
        if (s->keep_unit)
                announce_soon(s);
        trim_later(s);
}

/* It has executed; what it is to say itself may come later, or never. */
static void wait_for_ready(Supervisor *s) {
        uint64_t timeout = s->spec->timeout_start_usec;
        int r = timeout == USEC_INFINITY ? 0 : supervisor_arm_timer(s, timeout);

        if (r < 0) {
                (void) error_set_errno(&s->error, r, "waiting for the machine to be ready", s->spec->name);
                (void) pidref_kill(&s->leader, SIGKILL);
        }
        supervisor_set_state(s, PHASE_READYING, MACHINE_STARTING);
}

void starting_on_not_ready(Supervisor *s) {
        char span[FORMAT_USEC_MAX];

        (void) error_set(&s->error, ERROR_START_FAILED, ETIMEDOUT, "waiting for the machine to be ready", s->spec->name,
                         "it did not send READY=1 within %s (TimeoutStartSec=)", format_usec(s->spec->timeout_start_usec, span));
        (void) pidref_kill(&s->leader, SIGKILL);
        (void) cgroup_kill_payload(&s->cgroup);
}

void starting_on_exited_readying(Supervisor *s) {
        char signal[SIGNAL_NAME_MAX];

        s->timer = sd_event_source_disable_unref(s->timer);
        if (!error_is_set(&s->error) && s->state.result == RESULT_EXITED)
                (void) error_set(&s->error, ERROR_START_FAILED, ESRCH, "waiting for the machine to be ready", s->spec->name,
                                 "it exited with status %i and had not sent READY=1", s->state.status);
        else if (!error_is_set(&s->error))
                (void) error_set(&s->error, ERROR_START_FAILED, ESRCH, "waiting for the machine to be ready", s->spec->name,
                                 "it was ended by %s and had not sent READY=1", signal_name(s->state.status, signal));
        ending_failed_start(s);
}

void starting_on_executed(Supervisor *s) {
        s->outcome_source = sd_event_source_disable_unref(s->outcome_source);
        if (birth_outcome(s->birth, &s->timeline, &s->error) < 0) {
                ending_failed_start(s);
                return;
        }

        timeline_mark(&s->timeline, "leader: executed");
        s->leader_child = birth_leader_child(s->birth);
        s->leader = birth_take_leader(s->birth);
        s->birth = birth_free(s->birth);
        s->state.leader = process_id(&s->leader);
        s->state.started_usec = clock_usec(CLOCK_REALTIME);
        if (s->rebooted) {
                s->state.result = RESULT_NONE;
                s->state.status = 0;
                s->state.finished_usec = 0;
                s->state.restart_usec = 0;
                (void) str_replace(&s->state.reason, NULL);
        } else
                (void) restart_note_start(&s->history, s->spec, clock_usec(CLOCK_BOOTTIME));
        oom_watch(s);
        if (s->spec->notify_ready)
                wait_for_ready(s);
        else
                starting_on_ready(s);
        /* It may have ended before we got here. */
        if (s->exited)
                supervisor_dispatch(s, EVENT_LEADER_EXITED);
}

void starting_on_exited_waiting(Supervisor *s) {
        /* Only noted: we must not leave before the scope is there. */
        (void) error_set(&s->error, ERROR_START_FAILED, ESRCH, "starting the machine", s->spec->name, "its leader died");
}

void starting_on_stop(Supervisor *s) {
        (void) error_set(&s->error, ERROR_START_FAILED, ECANCELED, "starting the machine", s->spec->name,
                         "it was stopped meanwhile");
        if (s->birth)
                (void) pidref_kill(birth_leader(s->birth), SIGKILL);
}
