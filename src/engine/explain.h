/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Why does it not work in the machine? A process traces a command and all that it starts from outside of the machine,
 * and says of each system call that was refused which setting would grant it. It needs no audit, and nothing of the
 * machine: what it reads there are numbers and strings.
 */

#include "plan.h"

/* A system call that failed. */
typedef struct RefusedCall {
        struct seccomp_data data;
        const char *name;        /* NULL: nobody knows the number */
        const char *path;        /* the path that it was given, or NULL */
        int error;               /* EPERM */
} RefusedCall;

/* Whether a call that failed like this is worth a word. */
bool explain_concerns(const Plan *plan, const RefusedCall *call);

/*
 * The setting that would grant it: "SystemCallFilter=keyctl", with why before it; the caller frees it. NULL where no setting
 * would, or without memory.
 */
char *explain_reason(const Plan *plan, const Confinement *confinement, const RefusedCall *call);

/*
 * Begins to trace PROCESS (a number in our own pid namespace), which has not executed its command yet. What was
 * refused is written to REPORT, borrowed, when it has ended. *ret is the tracer, a child of ours.
 */
int explain_begin(const Plan *plan, const Confinement *confinement, pid_t process, int report, pid_t *ret, Error *error);
