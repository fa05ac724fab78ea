/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The machine as a table of phases and events. The event loop, the bus and the signals only make events;
 * everything that happens to a machine happens in one of these handlers.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "announce.h"
#include "clock.h"
#include "config.h"
#include "connection.h"
#include "console.h"
#include "ending.h"
#include "fd-util.h"
#include "health.h"
#include "hook.h"
#include "hooks.h"
#include "listens.h"
#include "log.h"
#include "notify.h"
#include "oom.h"
#include "parse-util.h"
#include "pause.h"
#include "starting.h"
#include "string-util.h"
#include "supervisor.h"
#include "survivors.h"

void supervisor_publish(Supervisor *s) {
        int r = state_write_at(s->run_dir, "state.json", &s->state);

        if (r < 0)
                log_warning("writing the state of %s: %s, ignoring", s->spec->name, errno_text(r));
        connections_emit_state(s);
}

/*
 * What is in /run ends with the boot, and when the host goes down there may be no manager to keep how we ended: so we do. That it runs
 * is kept, too, for a host that goes down without a word.
 */
static void keep_state(const Supervisor *s) {
        _cleanup_free_ char *path = str_format(BERTH_STATE_DIR "/machines/%s", s->spec->name);
        _cleanup_close_ int dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -EBADF;
        int r;

        /* Without settings it is no machine that is kept. */
        if (dir < 0 || faccessat(dir, "spec.json", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                return;
        r = state_write_at(dir, "result.json", &s->state);
        if (r < 0)
                log_warning("keeping the state of %s: %s, ignoring", s->spec->name, errno_text(r));
}

void supervisor_set_state(Supervisor *s, Phase phase, MachineState state) {
        bool another = s->state.state != state;

        s->phase = phase;
        s->state.state = state;
        if (another && (state == MACHINE_RUNNING || !machine_state_is_alive(state)))
                keep_state(s);
        supervisor_publish(s);
}

static int on_status_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        s->status_timer = sd_event_source_disable_unref(s->status_timer);
        supervisor_publish(s);
        return 0;
}

/* The payload may say as much as it likes: what it says within a moment is told as one. */
static void note_status_text(Supervisor *s, const char *text) {
        enum { MOMENT_USEC = 50 * 1000 };

        /* Nothing that D-Bus and JSON could not hold. */
        if (str_is_unprintable(text, "\t") || streq(strempty(s->state.status_text), text) ||
            str_replace(&s->state.status_text, *text ? text : NULL) < 0 || s->status_timer)
                return;
        (void) sd_event_add_time_relative(s->event, &s->status_timer, CLOCK_MONOTONIC, MOMENT_USEC, 0, on_status_timer, s);
}

/* As docker does: what somebody ends by hand stays ended. Other signals have other meanings. */
void supervisor_note_signal(Supervisor *s, int signal) {
        if (signal == SIGKILL || signal == SIGTERM || signal == SIGINT || signal == s->spec->kill_signal)
                s->by_hand = true;
}

void supervisor_on_notify(const char *name, const char *value, void *userdata) {
        Supervisor *s = userdata;
        uint32_t status;

        if (streq(name, "READY") && streq(value, "1"))
                supervisor_dispatch(s, EVENT_READY);
        else if (streq(name, "STATUS"))
                note_status_text(s, value);
        else if (s->spec->boot && streq(name, "EXIT_STATUS") && parse_u32(value, &status) >= 0 && status <= UINT8_MAX)
                s->told_status = (int) status;
}

/* reboot(2) in a pid namespace: its process 1 ends as if by one of two signals, and systemd does so in its own. */
static bool has_halted(const Supervisor *s, const siginfo_t *info) {
        return s->spec->boot && info->si_code == CLD_KILLED && info->si_status == SIGINT;
}

static bool wants_reboot(const Supervisor *s) {
        return s->spec->boot && !s->stopped && s->state.result == RESULT_SIGNAL && s->state.status == SIGHUP;
}

void supervisor_record_exit(Supervisor *s, const siginfo_t *info) {
        bool halted = has_halted(s, info), killed = !halted && (info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED);

        notify_drain(s->notify);

        s->exited = true;
        s->state.finished_usec = clock_usec(CLOCK_REALTIME);
        s->state.status = halted ? EXIT_SUCCESS : info->si_status;
        if (!killed && s->told_status >= 0)
                s->state.status = s->told_status;
        s->state.result = !killed ? RESULT_EXITED : RESULT_SIGNAL;
        if (oom_killed_leader(s) && killed && info->si_status == SIGKILL)
                s->state.result = RESULT_OOM_KILL;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        supervisor_dispatch(userdata, EVENT_TIMEOUT);
        return 0;
}

int supervisor_arm_timer(Supervisor *s, uint64_t usec) {
        s->timer = sd_event_source_disable_unref(s->timer);
        return sd_event_add_time_relative(s->event, &s->timer, CLOCK_MONOTONIC, usec, /* accuracy= */ 0, on_timer, s);
}

/* Stopping */

static void kill_machine(Supervisor *s) {
        /* The kernel is done with most at once. What is left then is waited for, and named. */
        enum { PATIENCE_USEC = 3 * 1000 * 1000 };

        s->phase = PHASE_KILLING;
        (void) pidref_kill(&s->leader, SIGKILL);
        (void) cgroup_kill_payload(&s->cgroup);
        (void) supervisor_arm_timer(s, PATIENCE_USEC);
}

/* Nothing can be done about it; but whoever waits is told what it waits for. */
static void on_survivors(Supervisor *s) {
        _cleanup_free_ char *names = NULL;

        if (survivors_name(&s->cgroup, &names) < 0 || !names)
                return;
        log_warning("machine '%s' was killed and is still there: %s", s->spec->name, names);
        (void) str_replace(&s->state.survivors, names);
        supervisor_publish(s);
        connections_fail_waits(s, names);
}

static void signal_stop(Supervisor *s) {
        bool all = streq(s->spec->kill_mode, "control-group");
        int r;

        if (s->signalled)
                return;
        s->signalled = true;
        if (!all && !process_listens(s->leader.pid, s->spec->kill_signal)) {
                kill_machine(s);
                return;
        }
        r = all ? cgroup_signal_payload(&s->cgroup, s->spec->kill_signal) : pidref_kill(&s->leader, s->spec->kill_signal);
        if (r < 0)
                kill_machine(s);
}

static void stop_in_order(Supervisor *s) {
        uint64_t timeout = s->spec->timeout_stop_usec;
        int r = 0;

        announce_nothing(s);
        /* First, or it would not get the signal. */
        if (s->phase == PHASE_PAUSING || s->phase == PHASE_PAUSED)
                pause_cancel(s);
        supervisor_set_state(s, PHASE_STOPPING, MACHINE_STOPPING);
        if (s->keep_unit)
                (void) sd_notify(/* unset_environment= */ false, "STOPPING=1");

        s->signalled = false;
        if (timeout != USEC_INFINITY && timeout > 0)
                r = supervisor_arm_timer(s, timeout);
        if (timeout == 0 || r < 0)
                kill_machine(s);
        /* A hook has the same time, together with the payload. */
        else if (!hooks_run(s, HOOK_STOPPING))
                signal_stop(s);
}

static void on_stop(Supervisor *s) {
        s->stopped = true;
        stop_in_order(s);
}

/* It stops already, to begin again: now it does not. */
static void on_stop_stopping(Supervisor *s) {
        s->stopped = true;
        s->again = false;
}

/* Unhealthy. What follows is what its policy says. */
static void on_unhealthy_kill(Supervisor *s) {
        (void) pidref_kill(&s->leader, SIGKILL);
        (void) cgroup_kill_payload(&s->cgroup);
}

static void on_unhealthy_restart(Supervisor *s) {
        /* A unit begins again what failed, if it is told to. */
        if (s->keep_unit) {
                on_unhealthy_kill(s);
                return;
        }
        s->again = true;
        stop_in_order(s);
}

/* Who waits for it learns so at once; the machine ends in order all the same. */
static void on_stop_readying(Supervisor *s) {
        if (!s->rebooted)
                (void) error_set(&s->error, ERROR_START_FAILED, ECANCELED, "starting the machine", s->spec->name,
                                 "it was stopped meanwhile");
        connections_answer_start(s);
        s->timer = sd_event_source_disable_unref(s->timer);
        on_stop(s);
}

/* What was stopped before it was ready has failed to start. */
static void on_exited_stopping(Supervisor *s) {
        if (error_is_set(&s->error))
                ending_failed_start(s);
        else if (!s->again || !ending_begin_again(s))
                ending_normally(s);
}

/* Beginning again: the same scope, the same tree, the same network, everything else anew. */

/* Started too often. How it ended the last time is what its result says. */
static void end_at_limit(Supervisor *s) {
        char span[FORMAT_USEC_MAX];

        error_done(&s->error);
        s->error = ERROR_NULL;
        (void) error_set(&s->error, ERROR_START_FAILED, EBUSY, "starting the machine again", s->spec->name,
                         "it has begun %" PRIu32 " times within %s already (StartLimitBurst=, StartLimitIntervalSec=)",
                         s->spec->start_limit_burst, format_usec(s->spec->start_limit_usec, span));
        ending_set_reason(s);
        s->state.restarts--;
        ending_with(s, MACHINE_FAILED);
}

static void begin_again(Supervisor *s) {
        int r;

        s->timer = sd_event_source_disable_unref(s->timer);
        /* What a system inside does by itself is not counted. */
        if (s->state.restart_usec > 0 && !restart_note_start(&s->history, s->spec, clock_usec(CLOCK_BOOTTIME))) {
                end_at_limit(s);
                return;
        }
        s->rebooted = true;
        error_done(&s->error);
        s->error = ERROR_NULL;
        (void) str_replace(&s->state.status_text, NULL);
        r = supervisor_build_again(s, &s->error);
        if (r < 0)
                (void) error_set_errno(&s->error, r, "starting the machine again", s->spec->name);
        starting_on_scope_ready(s);
}

static void on_exited_running(Supervisor *s) {
        if (wants_reboot(s)) {
                s->state.result = RESULT_NONE;
                s->state.status = 0;
                s->state.finished_usec = 0;
                ending_between_lives(s, 0);
                return;
        }
        /* Killed while it was paused. */
        if (s->phase != PHASE_RUNNING)
                pause_cancel(s);
        if (!ending_begin_again(s))
                ending_normally(s);
}

static void wait_between(Supervisor *s) {
        if (s->delay_usec == 0 || supervisor_arm_timer(s, s->delay_usec) < 0)
                begin_again(s);
}

static void on_drained_rebooting(Supervisor *s) {
        if (!hooks_run(s, HOOK_STOPPED))
                wait_between(s);
}

static void on_stop_rebooting(Supervisor *s) {
        bool failed = s->state.result == RESULT_FAILED;

        s->stopped = true;
        if (s->state.result == RESULT_NONE)
                s->state.result = RESULT_EXITED;
        s->timer = sd_event_source_disable_unref(s->timer);
        ending_with(s, failed ? MACHINE_FAILED : MACHINE_EXITED);
}

typedef void (*Handler)(Supervisor *s);

/* What cannot happen in a phase, or means nothing there, has no entry. */
static const Handler handlers[_PHASE_MAX][_EVENT_MAX] = {
        [PHASE_WAITING] = {
                [EVENT_SCOPE_READY] = starting_on_scope_ready,
                [EVENT_SCOPE_FAILED] = starting_on_scope_failed,
                [EVENT_MANAGER_LOST] = starting_on_manager_lost,
                [EVENT_LEADER_EXITED] = starting_on_exited_waiting,
                [EVENT_STOP] = starting_on_stop,
        },
        [PHASE_HOOKING] = {
                [EVENT_HOOKS_DONE] = starting_let_go,
                [EVENT_LEADER_EXITED] = starting_on_exited_hooking,
                [EVENT_STOP] = starting_on_stop,
        },
        [PHASE_EXECUTING] = {
                [EVENT_OUTCOME] = starting_on_executed,
                /* The leader ended while it was still ours: what it said, if anything, is in the socket. */
                [EVENT_LEADER_EXITED] = starting_on_executed,
                [EVENT_STOP] = starting_on_stop,
        },
        [PHASE_READYING] = {
                [EVENT_READY] = starting_on_ready,
                [EVENT_TIMEOUT] = starting_on_not_ready,
                [EVENT_LEADER_EXITED] = starting_on_exited_readying,
                [EVENT_STOP] = on_stop_readying,
        },
        [PHASE_RUNNING] = {
                [EVENT_UNHEALTHY_KILL] = on_unhealthy_kill,
                [EVENT_UNHEALTHY_RESTART] = on_unhealthy_restart,
                [EVENT_LEADER_EXITED] = on_exited_running,
                [EVENT_STOP] = on_stop,
        },
        [PHASE_PAUSING] = {
                [EVENT_LEADER_EXITED] = on_exited_running,
                [EVENT_FROZEN] = pause_settle,
                [EVENT_NOT_FROZEN] = pause_give_up,
                [EVENT_STOP] = on_stop,
        },
        [PHASE_PAUSED] = {
                [EVENT_LEADER_EXITED] = on_exited_running,
                [EVENT_STOP] = on_stop,
        },
        [PHASE_REBOOTING] = {
                [EVENT_CONSOLE_DONE] = on_drained_rebooting,
                [EVENT_HOOKS_DONE] = wait_between,
                [EVENT_TIMEOUT] = begin_again,
                [EVENT_STOP] = on_stop_rebooting,
        },
        [PHASE_STOPPING] = {
                [EVENT_HOOKS_DONE] = signal_stop,
                [EVENT_LEADER_EXITED] = on_exited_stopping,
                [EVENT_TIMEOUT] = kill_machine,
                [EVENT_STOP] = on_stop_stopping,
        },
        [PHASE_KILLING] = {
                [EVENT_TIMEOUT] = on_survivors,
                [EVENT_STOP] = on_stop_stopping,
                [EVENT_LEADER_EXITED] = on_exited_stopping,
        },
        [PHASE_DRAINING] = {
                [EVENT_CONSOLE_DONE] = ending_drain_log,
                [EVENT_LOG_DONE] = ending_on_recorded,
                [EVENT_HOOKS_DONE] = ending_tell_sessions,
        },
        [PHASE_ENDED] = {
                [EVENT_SESSION_TOLD] = ending_on_session,
                [EVENT_SESSION_LOST] = ending_on_session,
                [EVENT_TIMEOUT] = ending_leave,
        },
};

void supervisor_dispatch(Supervisor *s, Event event) {
        Handler handler = handlers[s->phase][event];

        if (handler)
                handler(s);
}
