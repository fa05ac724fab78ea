/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The planned mounts, made and attached in order on the tree. */

#include "plan.h"

/* What only a process inside the leader's namespaces can make (leader-mounts.h): detached mounts, or -EBADF. */
typedef struct LeaderMounts {
        int proc, sysfs, mqueue;
} LeaderMounts;

#define LEADER_MOUNTS_NULL (LeaderMounts){ .proc = -EBADF, .sysfs = -EBADF, .mqueue = -EBADF }

/*
 * Attaches all but the leader's own cgroup mounts below ROOT, an O_PATH descriptor of the tree. With a
 * terminal, *ret_master is its master side, the caller's; otherwise -EBADF.
 */
int rootfs_mount(const Plan *plan, int root, const LeaderMounts *leader, int *ret_master, Error *error);
