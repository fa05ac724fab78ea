/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The clone of the leader, with the namespaces that it gets. Where it joins some, a go-between enters those and
 * clones it from there, as our child: to enter a user namespace ourselves would be for good.
 */

#include "leader.h"

typedef struct LeaderClone {
        const Plan *plan;
        const Namespaces *namespaces; /* to join */
        int birthplace;               /* the directory of cgroup v2 that it is born in, borrowed; or -EBADF */
        LeaderStart start;            /* for the leader, which closes OURS first */
        int ours;
} LeaderClone;

/* Whether it can be born in a cgroup: a go-between has no right to that. */
bool leader_clone_is_placed(const LeaderClone *request);

/* *ret_pidfd is the caller's. The leader is our child, born into its namespaces, but for mounts and cgroups (leader.c). */
int leader_clone(const LeaderClone *request, pid_t *ret_child, int *ret_pidfd, Error *error);

/* The map of the user namespace that is to be joined, as ids of ours. */
int leader_read_joined_map(const Namespaces *namespaces, IdMap *ret, Error *error);
