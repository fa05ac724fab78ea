/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "supervisor.h"

/*
 * A pause: the payload's cgroup is frozen in the unified hierarchy (cgroup.freeze), which hybrid hosts have, too. We are in
 * another cgroup of the same scope, and go on.
 */

/* Freezes. CALL is answered when all processes stand still, or refuses where some can't, and then goes on as before. */
int pause_begin(Supervisor *s, sd_bus_message *call, Error *error);

/* Lets them go on. */
int pause_end(Supervisor *s, Error *error);

/* The same without a word of it, for a machine that is to end: CALL of one that was under way is answered. */
void pause_cancel(Supervisor *s);

/* EVENT_FROZEN came, or its time is over. */
void pause_settle(Supervisor *s);
void pause_give_up(Supervisor *s);
