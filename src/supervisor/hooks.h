/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Hooks: programs of the host that run at points of a machine's life, one after the other, as the supervisor's children: with
 * its rights, on the host, and never longer than HookTimeoutSec=. Each gets the state of the machine on its standard input, as
 * the hooks of the OCI runtime specification do. What they print is shown where they fail.
 */

#include "hook.h"
#include "supervisor.h"

typedef struct Hooks Hooks;

/*
 * Runs those of POINT. False: there are none. Otherwise EVENT_HOOKS_DONE is dispatched when they, and those that ran before
 * already, are over. One at prestart that fails leaves the reason in s->error, and the others of that point are left out;
 * elsewhere it is logged.
 */
bool hooks_run(Supervisor *s, HookPoint point);

/* Kills the one that runs and forgets the others. No event. */
Hooks *hooks_free(Hooks *hooks);
