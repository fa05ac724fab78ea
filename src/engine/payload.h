/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The last steps of our own code in a machine before it becomes a program of the machine: the same for the leader
 * at its birth and for each process that joins later (join.h). The very last of them is in confinement.h.
 */

#include <signal.h>

#include "credentials.h"
#include "plan.h"

/* HOME, USER and LOGNAME of the user, then the plan's environment, then EXTRA (may be NULL); later ones win. */
int payload_environment(const Plan *plan, const Credentials *credentials, char *const *extra, char ***ret, Error *error);

/* A session of its own, with TERMINAL (or none: -EBADF) as the controlling one. */
int payload_begin_session(int terminal, Error *error);

/* Makes STDIO descriptors 0, 1 and 2. */
int payload_connect(const int stdio[static 3], Error *error);

/* Handlers and the mask are inherited by exec (signal(7)); ours must not be. */
int payload_reset_signals(const sigset_t *mask, Error *error);

/* umask and limits (process-limits.h): as late as can be, since they may leave too little for what else there is to do. */
int payload_limit(const Plan *plan, Error *error);
