/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A process that stays the same one: a pidfd, and for what is written down, something that a recycled PID
 * would not share. Since Linux 6.9 the inode of a pidfd is unique until reboot (pidfs); before, all pidfds
 * share one, and the start time from /proc/PID/stat stands in.
 */

#include "macro.h"

typedef struct PidRef {
        pid_t pid;           /* as the mounted /proc numbers it: the host's number, also inside a pid namespace */
        int fd;              /* pidfd, owned, or -EBADF */
        uint64_t inode;      /* of the pidfd, 0 where inodes are not unique */
        uint64_t start_time; /* clock ticks since boot, field 22 of /proc/PID/stat */
} PidRef;

#define PIDREF_NULL (PidRef){ .fd = -EBADF }

static inline bool pidref_is_set(const PidRef *p) {
        return p->pid > 0;
}

/* Closes the descriptor and makes it PIDREF_NULL. */
void pidref_done(PidRef *p);
#define _cleanup_pidref_ _cleanup_(pidref_done)

/* Fills *ret from a pidfd, which it takes over (also on failure). -ESRCH where the process is gone. */
int pidref_from_pidfd_consume(int pidfd, PidRef *ret);

/* Opens PID. */
int pidref_from_pid(pid_t pid, PidRef *ret);

/* Opens PID if it still is the process that inode and start time tell of; -ESRCH otherwise. */
int pidref_reopen(pid_t pid, uint64_t inode, uint64_t start_time, PidRef *ret);

/* Fields of /proc/PID/stat, numbered as in proc_pid_stat(5). */
enum { STAT_FLAGS = 9, STAT_START_TIME = 22 };

/* A field that is a number, from the third on. -ESRCH where PID is gone. */
int process_read_stat(pid_t pid, unsigned number, uint64_t *ret);

/* Signals it by its descriptor. -ESRCH where it is gone. */
int pidref_kill(const PidRef *p, int signal);
