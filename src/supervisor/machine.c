/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The machine as a table of phases and events. The event loop, the bus and the signals only make events;
 * everything that happens to a machine happens in one of these handlers.
 */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "connection.h"
#include "console.h"
#include "fd-util.h"
#include "file-util.h"
#include "health.h"
#include "hook.h"
#include "hooks.h"
#include "hosts.h"
#include "keep-unit.h"
#include "listens.h"
#include "log.h"
#include "notify.h"
#include "parse-util.h"
#include "oom.h"
#include "pause.h"
#include "recorder.h"
#include "streams.h"
#include "string-util.h"
#include "supervisor.h"
#include "survivors.h"

static uint64_t now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_REALTIME, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

void supervisor_publish(Supervisor *s) {
        int r = state_write_at(s->run_dir, "state.json", &s->state);

        if (r < 0)
                log_warning("writing the state of %s: %s, ignoring", s->spec->name, errno_text(r));
        connections_emit_state(s);
}

void supervisor_set_state(Supervisor *s, Phase phase, MachineState state) {
        s->phase = phase;
        s->state.state = state;
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
        s->state.finished_usec = now_usec();
        s->state.status = halted ? EXIT_SUCCESS : info->si_status;
        if (!killed && s->told_status >= 0)
                s->state.status = s->told_status;
        s->state.result = !killed ? RESULT_EXITED : RESULT_SIGNAL;
        if (oom_killed_leader(s) && killed && info->si_status == SIGKILL)
                s->state.result = RESULT_OOM_KILL;
}

/* The ends */

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        supervisor_dispatch(userdata, EVENT_TIMEOUT);
        return 0;
}

static int arm_timer(Supervisor *s, uint64_t usec) {
        s->timer = sd_event_source_disable_unref(s->timer);
        return sd_event_add_time_relative(s->event, &s->timer, CLOCK_MONOTONIC, usec, /* accuracy= */ 0, on_timer, s);
}

static void leave(Supervisor *s) {
        connections_end(s);
        (void) sd_event_exit(s->event, 0);
}

/*
 * The machine is over, and the registry says so. Who holds a session was given it to learn the result, and may
 * not have come to ask: a short command ends before its caller has read the reply to the start.
 */
static void tell_sessions(Supervisor *s) {
        enum { PATIENCE_USEC = 5 * 1000 * 1000 };

        s->phase = PHASE_ENDED;
        if (connections_answer_waits(s) || arm_timer(s, PATIENCE_USEC) < 0)
                leave(s);
}

static void on_session_in_the_end(Supervisor *s) {
        if (connections_answer_waits(s))
                leave(s);
}

static void on_console_done(void *userdata) {
        supervisor_dispatch(userdata, EVENT_CONSOLE_DONE);
}

static void on_log_done(void *userdata) {
        supervisor_dispatch(userdata, EVENT_LOG_DONE);
}

static void on_recorded(Supervisor *s) {
        if (!hooks_run(s, HOOK_STOPPED))
                tell_sessions(s);
}

static void drain_log(Supervisor *s) {
        if (s->recorder)
                recorder_drain(s->recorder, on_log_done, s);
        else
                on_recorded(s);
}

/* Whoever hears that the machine has ended can have its ports, and finds nobody of its name. */
static void withdraw_from_network(Supervisor *s) {
        s->publisher = publisher_free(s->publisher);
        ports_done(&s->ports);
        supervisor_return_interfaces(s);
        if (s->network_pinned)
                network_detach(s->spec);
        hosts_tell(s->spec, /* leaving= */ true);
}

/* It is over before it was told of. Only a unit of Type=notify has to hear that it ran, or systemd takes it for one that failed. */
static void announce_nothing(Supervisor *s) {
        if (!s->announce_timer)
                return;
        s->announce_timer = sd_event_source_disable_unref(s->announce_timer);
        (void) sd_notify(/* unset_environment= */ false, "READY=1");
}

/* Of a machine that is over: its streams, which its next life would have had, end where it ends. */
static void end_payload(Supervisor *s) {
        health_end(s);
        (void) str_replace(&s->state.survivors, NULL);
        announce_nothing(s);
        (void) cgroup_kill_payload(&s->cgroup);
        withdraw_from_network(s);
        fd_close_many(s->stdio, ELEMENTSOF(s->stdio));
        cgroup_limits_release(&s->cgroup, s->spec->name);
        s->state.restart_usec = 0;
        s->status_timer = sd_event_source_disable_unref(s->status_timer);
        s->state.stopped = s->stopped || s->by_hand;
}

static void end_with(Supervisor *s, MachineState state) {
        end_payload(s);
        supervisor_set_state(s, PHASE_DRAINING, state);

        if (s->console)
                console_drain(s->console, on_console_done, s);
        else
                drain_log(s);
}

/* The payload ran and is over. */
static void end_normally(Supervisor *s) {
        /* Killed while it was paused: what joined it is to be able to end, too. */
        if (s->phase == PHASE_PAUSING || s->phase == PHASE_PAUSED)
                pause_cancel(s);
        s->timer = sd_event_source_disable_unref(s->timer);

        /* An exec that joined may have outlived the leader's pid namespace, not the machine. */
        end_with(s, MACHINE_EXITED);
}

/* Beginning again: the same scope, the same tree, the same network, everything else anew. */

static uint64_t clock_boottime_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_BOOTTIME, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

static void set_reason(Supervisor *s) {
        free(s->state.reason);
        s->state.reason = error_is_set(&s->error) ? error_render(&s->error) : NULL;
}

static void between_lives(Supervisor *s, uint64_t delay) {
        health_end(s);
        announce_nothing(s);
        s->state.leader = (ProcessId){};
        s->delay_usec = delay;
        s->again = s->signalled = false;
        s->timer = sd_event_source_disable_unref(s->timer);
        /* What the next life's processes are to be alone with. */
        (void) cgroup_kill_payload(&s->cgroup);
        supervisor_set_state(s, PHASE_REBOOTING, MACHINE_STARTING);
        if (s->console)
                console_drain(s->console, on_console_done, s);
        else
                supervisor_dispatch(s, EVENT_CONSOLE_DONE);
}

/* By its policy. How the last life ended can be read until the next one runs. */
static bool begin_again_later(Supervisor *s) {
        uint64_t delay;

        if (s->keep_unit || s->by_hand || s->stopped || !(s->again || restart_is_wanted(s->spec, &s->state)))
                return false;
        delay = restart_next_delay(&s->history, s->spec, clock_boottime_usec());
        s->state.restarts++;
        s->state.restart_usec = now_usec() + delay;
        between_lives(s, delay);
        return true;
}

/* It ran once, and could not begin again. */
static void end_reboot(Supervisor *s) {
        s->birth = birth_free(s->birth);
        s->state.result = RESULT_FAILED;
        s->state.status = 0;
        s->state.finished_usec = now_usec();
        set_reason(s);
        if (begin_again_later(s))
                return;
        end_payload(s);
        supervisor_set_state(s, PHASE_DRAINING, MACHINE_FAILED);
        drain_log(s);
}

/* The machine never ran: s->error says why, and goes to whoever asked for the start. */
static void end_start(Supervisor *s) {
        if (s->rebooted) {
                end_reboot(s);
                return;
        }
        s->birth = birth_free(s->birth);
        /* Now: once the failure is told, nobody waits for us any more. */
        snapshot_done(&s->snapshot);
        withdraw_from_network(s);
        s->state.result = RESULT_FAILED;
        s->state.finished_usec = now_usec();
        set_reason(s);
        connections_answer_start(s);
        /* The caller learns it from the answer to its call: no session was handed out that could ask. */
        (void) cgroup_kill_payload(&s->cgroup);
        cgroup_limits_release(&s->cgroup, s->spec->name);
        supervisor_set_state(s, PHASE_ENDED, MACHINE_FAILED);
        leave(s);
}

/* Stopping */

static void kill_machine(Supervisor *s) {
        /* The kernel is done with most at once. What is left then is waited for, and named. */
        enum { PATIENCE_USEC = 3 * 1000 * 1000 };

        s->phase = PHASE_KILLING;
        (void) pidref_kill(&s->leader, SIGKILL);
        (void) cgroup_kill_payload(&s->cgroup);
        (void) arm_timer(s, PATIENCE_USEC);
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
                r = arm_timer(s, timeout);
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

/* Starting */

/* What is recorded is read by us, the rest is the payload's own. */
static int open_streams(Supervisor *s, int streams[static 3], Error *error) {
        int r = streams_begin(s, error);

        if (r < 0)
                return r;
        if (s->console && s->recorder)
                console_record(s->console, s->recorder);
        return s->spec->terminal ? 0 : streams_open(s, s->stdio, /* copies= */ true, streams, error);
}

static int take_place(Supervisor *s, Error *error) {
        /* Once it was split we are not in it any more, but below. */
        int r = s->rebooted ? 0 : cgroup_open_own(&s->cgroup, error);

        if (r >= 0)
                r = cgroup_split(&s->cgroup, plan_root_id(s->plan), error);
        if (r >= 0 && (s->spec->boot || s->spec->nesting))
                r = cgroup_delegate(&s->cgroup, error);
        if (r >= 0 && !s->rebooted)
                r = cgroup_limits_apply(&s->cgroup, s->spec->name, &s->plan->cgroup_limits, error);
        if (r >= 0)
                /* A unit of somebody else's may have a past. */
                s->oom_counted = s->keep_unit && !s->rebooted ? cgroup_oom_kills(&s->cgroup) : s->oom_counted;
        return r < 0 ? r : cgroup_limits_verify(&s->cgroup, s->spec, error);
}

static int release(Supervisor *s, Error *error) {
        int streams[] = { -EBADF, -EBADF, -EBADF };
        int r = open_streams(s, streams, error);

        if (r >= 0)
                r = birth_release(s->birth, &s->cgroup, streams, error);
        fd_close_many(streams, ELEMENTSOF(streams));
        return r;
}

static int on_outcome(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        supervisor_dispatch(userdata, EVENT_OUTCOME);
        return 0;
}

static void let_go(Supervisor *s) {
        int r = error_is_set(&s->error) ? -ECANCELED : release(s, &s->error);

        timeline_mark(&s->timeline, "supervisor: leader in its cgroup, let go");
        if (r >= 0)
                r = sd_event_add_io(s->event, &s->outcome_source, birth_fd(s->birth), EPOLLIN, on_outcome, s);
        if (r < 0) {
                (void) error_set_errno(&s->error, r, "starting the machine", s->spec->name);
                end_start(s);
                return;
        }
        /* Ours are duplicates: the caller's pipes must close when the payload closes them. */
        if (!supervisor_may_begin_again(s))
                fd_close_many(s->stdio, ELEMENTSOF(s->stdio));
        s->phase = PHASE_EXECUTING;
}

static void on_scope_ready(Supervisor *s) {
        int r;

        if (error_is_set(&s->error)) {
                end_start(s);
                return;
        }

        timeline_mark(&s->timeline, "supervisor: scope is ready");
        r = take_place(s, &s->error);
        if (r < 0)
                (void) error_set_errno(&s->error, r, "starting the machine", s->spec->name);
        if (r >= 0 && hooks_run(s, HOOK_PRESTART))
                s->phase = PHASE_HOOKING;
        else
                let_go(s);
}

/* Nothing of it ran yet. */
static void on_exited_hooking(Supervisor *s) {
        s->hooks = hooks_free(s->hooks);
        if (!error_is_set(&s->error))
                (void) error_set(&s->error, ERROR_START_FAILED, ESRCH, "starting the machine", s->spec->name, "its leader died");
        end_start(s);
}

static void on_scope_failed(Supervisor *s) {
        (void) error_set(&s->error, ERROR_REFUSED_BY_SYSTEMD, EIO, "making the scope of", s->spec->name, NULL);
        end_start(s);
}

static void pause_msec(unsigned msec) {
        (void) nanosleep(&(struct timespec){ .tv_sec = msec / 1000, .tv_nsec = (long) (msec % 1000) * 1000000 }, NULL);
}

static bool is_in_scope(const Supervisor *s) {
        _cleanup_cgroup_ Cgroup own = CGROUP_NULL;

        return cgroup_open_own(&own, NULL) >= 0 && cgroup_is_unit(&own, s->state.unit);
}

/*
 * The manager died in the middle of a start, so nobody will say that the scope is there. To leave before
 * systemd has made it would leave it active and empty for good: wait until we find ourselves in it, or are
 * sure that nobody asked for it. And then for a while, since systemd moves us before it is done with the unit.
 * (The next manager stops it all the same; but there may be none for long.)
 */
static void on_manager_lost_waiting(Supervisor *s) {
        enum { TRIES = 100, PAUSE_MSEC = 50, SETTLE_MSEC = 2000 };

        for (int i = 0; i < TRIES && !is_in_scope(s); i++)
                pause_msec(PAUSE_MSEC);
        if (is_in_scope(s))
                pause_msec(SETTLE_MSEC);

        (void) error_set(&s->error, ERROR_START_FAILED, EPIPE, "starting the machine", s->spec->name, "the manager died");
        end_start(s);
}

/* What the manager does for its own machines. */
static void announce(Supervisor *s) {
        bool again = s->announcement;
        int r;

        (void) sd_notifyf(/* unset_environment= */ false, "READY=1\nSTATUS=Machine %s is running.", s->spec->name);
        s->announcement = keep_unit_free(s->announcement);
        r = keep_unit_announce(s->event, s->spec, s->leader.pid, again, &s->announcement);
        if (r < 0)
                log_debug("announcing %s: %s, ignoring", s->spec->name, errno_text(r));
}

static int on_announce_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        s->announce_timer = sd_event_source_disable_unref(s->announce_timer);
        announce(s);
        return 0;
}

/* Many commands have ended by then: to connect to the bus and to have machined register and forget one takes longer than to run it. */
static void announce_soon(Supervisor *s) {
        enum { MOMENT_USEC = 5 * 1000, ACCURACY_USEC = 1000 };

        if (sd_event_add_time_relative(s->event, &s->announce_timer, CLOCK_MONOTONIC, MOMENT_USEC, ACCURACY_USEC,
                                       on_announce_timer, s) < 0)
                announce(s);
}

static void on_ready(Supervisor *s) {
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
}

/* It has executed; what it is to say itself may come later, or never. */
static void wait_for_ready(Supervisor *s) {
        uint64_t timeout = s->spec->timeout_start_usec;
        int r = timeout == USEC_INFINITY ? 0 : arm_timer(s, timeout);

        if (r < 0) {
                (void) error_set_errno(&s->error, r, "waiting for the machine to be ready", s->spec->name);
                (void) pidref_kill(&s->leader, SIGKILL);
        }
        supervisor_set_state(s, PHASE_READYING, MACHINE_STARTING);
}

static void on_not_ready(Supervisor *s) {
        char span[FORMAT_USEC_MAX];

        (void) error_set(&s->error, ERROR_START_FAILED, ETIMEDOUT, "waiting for the machine to be ready", s->spec->name,
                         "it did not send READY=1 within %s (TimeoutStartSec=)", format_usec(s->spec->timeout_start_usec, span));
        (void) pidref_kill(&s->leader, SIGKILL);
        (void) cgroup_kill_payload(&s->cgroup);
}

static void on_exited_readying(Supervisor *s) {
        char signal[SIGNAL_NAME_MAX];

        s->timer = sd_event_source_disable_unref(s->timer);
        if (!error_is_set(&s->error) && s->state.result == RESULT_EXITED)
                (void) error_set(&s->error, ERROR_START_FAILED, ESRCH, "waiting for the machine to be ready", s->spec->name,
                                 "it exited with status %i and had not sent READY=1", s->state.status);
        else if (!error_is_set(&s->error))
                (void) error_set(&s->error, ERROR_START_FAILED, ESRCH, "waiting for the machine to be ready", s->spec->name,
                                 "it was ended by %s and had not sent READY=1", signal_name(s->state.status, signal));
        end_start(s);
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
                end_start(s);
        else if (!s->again || !begin_again_later(s))
                end_normally(s);
}

static void on_executed(Supervisor *s) {
        s->outcome_source = sd_event_source_disable_unref(s->outcome_source);
        if (birth_outcome(s->birth, &s->error) < 0) {
                end_start(s);
                return;
        }

        timeline_mark(&s->timeline, "leader: executed");
        s->leader_child = birth_leader_child(s->birth);
        s->leader = birth_take_leader(s->birth);
        s->birth = birth_free(s->birth);
        s->state.leader = process_id(&s->leader);
        s->state.started_usec = now_usec();
        if (s->rebooted) {
                s->state.result = RESULT_NONE;
                s->state.status = 0;
                s->state.finished_usec = 0;
                s->state.restart_usec = 0;
                (void) str_replace(&s->state.reason, NULL);
        } else
                (void) restart_note_start(&s->history, s->spec, clock_boottime_usec());
        oom_watch(s);
        if (s->spec->notify_ready)
                wait_for_ready(s);
        else
                on_ready(s);
        /* It may have ended before we got here. */
        if (s->exited)
                supervisor_dispatch(s, EVENT_LEADER_EXITED);
}

/* Started too often. How it ended the last time is what its result says. */
static void end_at_limit(Supervisor *s) {
        char span[FORMAT_USEC_MAX];

        error_done(&s->error);
        s->error = ERROR_NULL;
        (void) error_set(&s->error, ERROR_START_FAILED, EBUSY, "starting the machine again", s->spec->name,
                         "it has begun %" PRIu32 " times within %s already (StartLimitBurst=, StartLimitIntervalSec=)",
                         s->spec->start_limit_burst, format_usec(s->spec->start_limit_usec, span));
        set_reason(s);
        s->state.restarts--;
        end_with(s, MACHINE_FAILED);
}

static void begin_again(Supervisor *s) {
        int r;

        s->timer = sd_event_source_disable_unref(s->timer);
        /* What a system inside does by itself is not counted. */
        if (s->state.restart_usec > 0 && !restart_note_start(&s->history, s->spec, clock_boottime_usec())) {
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
        on_scope_ready(s);
}

static void on_exited_running(Supervisor *s) {
        if (wants_reboot(s)) {
                s->state.result = RESULT_NONE;
                s->state.status = 0;
                s->state.finished_usec = 0;
                between_lives(s, 0);
                return;
        }
        /* Killed while it was paused. */
        if (s->phase != PHASE_RUNNING)
                pause_cancel(s);
        if (!begin_again_later(s))
                end_normally(s);
}

static void wait_between(Supervisor *s) {
        if (s->delay_usec == 0 || arm_timer(s, s->delay_usec) < 0)
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
        end_with(s, failed ? MACHINE_FAILED : MACHINE_EXITED);
}

static void on_exited_waiting(Supervisor *s) {
        /* Only noted: we must not leave before the scope is there. */
        (void) error_set(&s->error, ERROR_START_FAILED, ESRCH, "starting the machine", s->spec->name, "its leader died");
}

static void on_stop_starting(Supervisor *s) {
        (void) error_set(&s->error, ERROR_START_FAILED, ECANCELED, "starting the machine", s->spec->name,
                         "it was stopped meanwhile");
        if (s->birth)
                (void) pidref_kill(birth_leader(s->birth), SIGKILL);
}

typedef void (*Handler)(Supervisor *s);

/* What cannot happen in a phase, or means nothing there, has no entry. */
static const Handler handlers[_PHASE_MAX][_EVENT_MAX] = {
        [PHASE_WAITING] = {
                [EVENT_SCOPE_READY] = on_scope_ready,
                [EVENT_SCOPE_FAILED] = on_scope_failed,
                [EVENT_MANAGER_LOST] = on_manager_lost_waiting,
                [EVENT_LEADER_EXITED] = on_exited_waiting,
                [EVENT_STOP] = on_stop_starting,
        },
        [PHASE_HOOKING] = {
                [EVENT_HOOKS_DONE] = let_go,
                [EVENT_LEADER_EXITED] = on_exited_hooking,
                [EVENT_STOP] = on_stop_starting,
        },
        [PHASE_EXECUTING] = {
                [EVENT_OUTCOME] = on_executed,
                /* The leader ended while it was still ours: what it said, if anything, is in the socket. */
                [EVENT_LEADER_EXITED] = on_executed,
                [EVENT_STOP] = on_stop_starting,
        },
        [PHASE_READYING] = {
                [EVENT_READY] = on_ready,
                [EVENT_TIMEOUT] = on_not_ready,
                [EVENT_LEADER_EXITED] = on_exited_readying,
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
                [EVENT_CONSOLE_DONE] = drain_log,
                [EVENT_LOG_DONE] = on_recorded,
                [EVENT_HOOKS_DONE] = tell_sessions,
        },
        [PHASE_ENDED] = {
                [EVENT_SESSION_TOLD] = on_session_in_the_end,
                [EVENT_SESSION_LOST] = on_session_in_the_end,
                [EVENT_TIMEOUT] = leave,
        },
};

void supervisor_dispatch(Supervisor *s, Event event) {
        Handler handler = handlers[s->phase][event];

        if (handler)
                handler(s);
}
