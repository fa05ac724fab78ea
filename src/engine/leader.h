/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <signal.h>

#include "plan.h"

typedef struct LeaderStart {
        const Plan *plan;
        int socket;              /* the leader's end of the pair (leader-protocol.h) */
        int supervisor;          /* pidfd of the supervisor */
        int tasks;               /* cgroup_open_tasks(), where it is born in its cgroup; else -EBADF */
        int cgroup_namespace;    /* to join, -EBADF for one of its own or the host's */
        sigset_t *signals;       /* the mask that the payload starts with */
} LeaderStart;

/* What the leader does, from the clone to the exec of the payload. */
_noreturn_ void leader_run(const LeaderStart *start);
