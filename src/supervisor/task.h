/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the spawner's children do for the manager beside supervising: work that it has no privilege for. */

#include "spawn.h"

/* Whether these SpawnFlags ask for such work. */
bool task_is_asked_for(SpawnFlags flags);

/* Does it, and returns the exit status. Why it failed is said on the request's standard error, where it has one. */
int task_main(SpawnRequest *request);
