/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The planned mounts, made and attached in order on the tree. */

#include "plan.h"
#include "scratch.h"
#include "secrets.h"
#include "sources.h"

/* What only a process inside the leader's namespaces can make (leader-mounts.h): detached mounts, or -EBADF. */
typedef struct LeaderMounts {
        int proc, sysfs, mqueue;
        int shm;                 /* of the machine whose IPC is joined */
} LeaderMounts;

#define LEADER_MOUNTS_NULL (LeaderMounts){ .proc = -EBADF, .sysfs = -EBADF, .mqueue = -EBADF, .shm = -EBADF }

/* Our ends of what is in the tree: the terminal's master side, the socket for notifications; -EBADF where there is none. */
typedef struct RootfsEnds {
        int master, notify;
        int *terminals;          /* the master sides of the further ones, as many as the spec says; NULL: none */
} RootfsEnds;

#define ROOTFS_ENDS_NULL (RootfsEnds){ .master = -EBADF, .notify = -EBADF }

/* What they are made of; all is borrowed, but SOURCES are used up. */
typedef struct RootfsParts {
        const Plan *plan;
        int root;                /* O_PATH, the tree */
        int userns;              /* the machine's, or -EBADF */
        const LeaderMounts *leader;
        Sources *sources;
        Scratch *scratch;
        const Secrets *secrets;
        int incoming;            /* a detached mount, or -EBADF where there is none */
} RootfsParts;

/*
 * Attaches all but the leader's own cgroup mounts below the root. *ret is the caller's.
 */
int rootfs_mount(const RootfsParts *parts, RootfsEnds *ret, Error *error);
