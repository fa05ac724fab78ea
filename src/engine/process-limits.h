/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Resource limits, the score for lack of memory, CPUs and personality: what the kernel keeps per process, and children inherit. */

/*
 * When the memory of a machine is used up it is not us, who tell of it, that the kernel kills (OOM_SCORE_ADJ_MIN in proc(5)). Those
 * who are forked get back what we had, which is returned: by limits_grant(), or oom_score_set(). Nothing changes
 * where we may not.
 */
int oom_score_shelter(int *ret_before);

/* The calling process's. Negative errno; -EACCES where it is lower than it may be. */
int oom_score_set(int score);

#include "pidref.h"
#include "plan.h"

/*
 * The part that takes the host's privileges: raises hard limits that are too low, and sets the score. CHILD is the
 * process's number in our own pid namespace. ERROR says what would have been possible.
 */
int limits_grant(const Plan *plan, const PidRef *process, pid_t child, Error *error);

/*
 * The rest, by the process itself: as late as can be, since it may then have no descriptor left to open or no memory to use,
 * but before a system call filter is in force.
 */
int limits_apply(const Plan *plan, Error *error);
