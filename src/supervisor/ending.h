/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "supervisor.h"

/*
 * How a machine's life ends: for good, or to begin again. What it used goes back, its terminal and its log are drained, and
 * who waits is told.
 */

/* The machine never ran, or could not begin again: s->error says why, and goes to whoever asked for the start. */
void ending_failed_start(Supervisor *s);

/* The payload ran and is over. */
void ending_normally(Supervisor *s);

/* The same, told as STATE, whatever it was doing. */
void ending_with(Supervisor *s, MachineState state);

/* s->error becomes what the state says. */
void ending_set_reason(Supervisor *s);

/* By its policy, after its delay. Whether it does; how the last life ended can be read until the next one runs. */
bool ending_begin_again(Supervisor *s);

/* The same scope, the same tree, the same network, everything else anew, DELAY microseconds from now. */
void ending_between_lives(Supervisor *s, uint64_t delay);

/* The steps of PHASE_DRAINING and PHASE_ENDED: the terminal was drained, the log was, the hooks were run; sessions asked. */
void ending_drain_log(Supervisor *s);
void ending_on_recorded(Supervisor *s);
void ending_tell_sessions(Supervisor *s);
void ending_on_session(Supervisor *s);
void ending_leave(Supervisor *s);
