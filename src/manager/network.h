/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The networks of machines, as far as the manager has a hand in them: it holds no privilege to change one, so that a
 * process of the spawner does the work (SPAWN_NETWORK_SWEEP, SPAWN_NETWORK_RELOAD).
 */

#include "manager.h"
#include "task.h"

/* To be called when a machine has ended, and once at the start: what no machine uses any more is taken away a little later. */
void networks_check(Manager *manager);

/* Has the bus told of networks that come into use, and of those that are not in use any more. */
void networks_watch(Manager *manager);

/* Has the spawner do a SPAWN_NETWORK task. DONE (may be NULL) is called with its end, and not before this returns. */
int network_task_begin(Manager *manager, unsigned flags, TaskDone done, void *userdata, Error *error);
