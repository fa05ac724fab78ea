/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "supervisor.h"

/*
 * Lack of memory: the kernel kills a process of the payload, and goes on. It is counted, told with the victim as far as the
 * kernel's log names it, and written down with the highest use of memory.
 */

/* Watches from now on; without help from the kernel the kills are only counted at the end. Idempotent. */
void oom_watch(Supervisor *s);
void oom_unwatch(Supervisor *s);

/* Takes what the cgroups say into s->state: kills, peak, limit and CPU time. Whether processes were killed since the last look. */
bool oom_record(Supervisor *s);

/* Whether the leader, which ended by SIGKILL, was killed for lack of memory: something was, just now, and we did not. */
bool oom_killed_leader(Supervisor *s);
