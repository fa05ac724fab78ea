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
        uint64_t *times;         /* shared memory for when each stage was done (timeline_now()); NULL: nobody measures */
} LeaderStart;

/* The stages of a leader's life, as many as there is room for in times, and their names in a time line; NULL beyond the last. */
enum { LEADER_STAGES_MAX = 32 };
const char *leader_stage_name(size_t i);

/* What the leader does, from the clone to the exec of the payload. */
_noreturn_ void leader_run(const LeaderStart *start);
