/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ending.h"

#include "announce.h"
#include "clock.h"
#include "connection.h"
#include "fd-util.h"
#include "health.h"
#include "hook.h"
#include "hooks.h"
#include "hosts.h"
#include "attach.h"
#include "pause.h"
#include "recorder.h"
#include "string-util.h"
#include "terminals.h"

void ending_leave(Supervisor *s) {
        connections_end(s);
        (void) sd_event_exit(s->event, 0);
}

/*
 * The machine is over, and the registry says so. Who holds a session was given it to learn the result, and may
 * not have come to ask: a short command ends before its caller has read the reply to the start.
 */
void ending_tell_sessions(Supervisor *s) {
        enum { PATIENCE_USEC = 5 * 1000 * 1000 };

        s->phase = PHASE_ENDED;
        if (connections_answer_waits(s) || supervisor_arm_timer(s, PATIENCE_USEC) < 0)
                ending_leave(s);
}

void ending_on_session(Supervisor *s) {
        if (connections_answer_waits(s))
                ending_leave(s);
}

static void on_log_done(void *userdata) {
        supervisor_dispatch(userdata, EVENT_LOG_DONE);
}

void ending_on_recorded(Supervisor *s) {
        if (!hooks_run(s, HOOK_STOPPED))
                ending_tell_sessions(s);
}

void ending_drain_log(Supervisor *s) {
        if (s->recorder)
                recorder_drain(s->recorder, on_log_done, s);
        else
                ending_on_recorded(s);
}

/* Whoever hears that the machine has ended can have its ports, and finds nobody of its name. */
static void withdraw_from_network(Supervisor *s) {
        s->publisher = publisher_free(s->publisher);
        ports_done(&s->ports);
        supervisor_withdraw_links(s);
        if (s->network_pinned)
                network_detach(s->spec);
        hosts_tell(s->spec, /* leaving= */ true);
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

void ending_with(Supervisor *s, MachineState state) {
        end_payload(s);
        supervisor_set_state(s, PHASE_DRAINING, state);
        terminals_drain(s);
}

/* The payload ran and is over. */
void ending_normally(Supervisor *s) {
        /* Killed while it was paused: what joined it is to be able to end, too. */
        if (s->phase == PHASE_PAUSING || s->phase == PHASE_PAUSED)
                pause_cancel(s);
        s->timer = sd_event_source_disable_unref(s->timer);

        /* An exec that joined may have outlived the leader's pid namespace, not the machine. */
        ending_with(s, MACHINE_EXITED);
}

void ending_set_reason(Supervisor *s) {
        free(s->state.reason);
        s->state.reason = error_is_set(&s->error) ? error_render(&s->error) : NULL;
}

void ending_between_lives(Supervisor *s, uint64_t delay) {
        health_end(s);
        announce_nothing(s);
        s->state.leader = (ProcessId){};
        s->delay_usec = delay;
        s->again = s->signalled = false;
        s->timer = sd_event_source_disable_unref(s->timer);
        /* What the next life's processes are to be alone with. */
        (void) cgroup_kill_payload(&s->cgroup);
        supervisor_set_state(s, PHASE_REBOOTING, MACHINE_STARTING);
        terminals_drain(s);
}

/* By its policy. How the last life ended can be read until the next one runs. */
bool ending_begin_again(Supervisor *s) {
        uint64_t delay;

        if (s->keep_unit || s->by_hand || s->stopped || !(s->again || restart_is_wanted(s->spec, &s->state)))
                return false;
        delay = restart_next_delay(&s->history, s->spec, clock_usec(CLOCK_BOOTTIME));
        s->state.restarts++;
        s->state.restart_usec = clock_usec(CLOCK_REALTIME) + delay;
        ending_between_lives(s, delay);
        return true;
}

/* It ran once, and could not begin again. */
static void end_reboot(Supervisor *s) {
        s->birth = birth_free(s->birth);
        s->state.result = RESULT_FAILED;
        s->state.status = 0;
        s->state.finished_usec = clock_usec(CLOCK_REALTIME);
        ending_set_reason(s);
        if (ending_begin_again(s))
                return;
        end_payload(s);
        supervisor_set_state(s, PHASE_DRAINING, MACHINE_FAILED);
        ending_drain_log(s);
}

/* The machine never ran: s->error says why, and goes to whoever asked for the start. */
void ending_failed_start(Supervisor *s) {
        if (s->rebooted) {
                end_reboot(s);
                return;
        }
        s->birth = birth_free(s->birth);
        /* Now: once the failure is told, nobody waits for us any more. */
        snapshot_done(&s->snapshot);
        withdraw_from_network(s);
        s->state.result = RESULT_FAILED;
        s->state.finished_usec = clock_usec(CLOCK_REALTIME);
        ending_set_reason(s);
        connections_answer_start(s);
        /* The caller learns it from the answer to its call: no session was handed out that could ask. */
        (void) cgroup_kill_payload(&s->cgroup);
        cgroup_limits_release(&s->cgroup, s->spec->name);
        supervisor_set_state(s, PHASE_ENDED, MACHINE_FAILED);
        ending_leave(s);
}
