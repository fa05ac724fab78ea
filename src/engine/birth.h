/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The birth of a machine: from a plan to a running payload. birth.c has the list of steps.
 *
 * Two halves, since systemd makes the scope meanwhile: birth_build() does all that needs no cgroup,
 * birth_place() and birth_release() do what is left once there is one. Whatever fails or is freed in between leaves
 * nothing behind: all that is made hangs on the leader and on a mount namespace that no one else has.
 */

#include "cgroup.h"
#include "pidref.h"
#include "plan.h"
#include "timeline.h"
#include "tree.h"

typedef struct Birth Birth;

/* What it is made from; all is borrowed. */
typedef struct BirthParts {
        const Plan *plan;
        const TreeSource *source;
        const Namespaces *namespaces; /* to join */
        const Cgroup *cgroup;    /* split already, and the leader's birthplace; NULL while systemd makes it */
        const char *mount_point; /* an empty directory of the host to build at, in a mount namespace that is gone afterwards */
        int incoming;            /* for MOUNT_INCOMING, or -EBADF */
        /* Called with USERDATA while the leader goes into its tree; not at all where it does not come so far. */
        void (*meanwhile)(void *userdata);
        void *userdata;
} BirthParts;

/*
 * Builds the machine up to the point where its leader waits for its cgroup, or for the word to execute, if it was born there.
 * TIMELINE gets a mark for each step, if somebody measures.
 */
int birth_build(const BirthParts *parts, Timeline *timeline, Birth **ret, Error *error);

/* Kills a leader that has not been taken. Accepts NULL. */
Birth *birth_free(Birth *birth);
DEFINE_CLEANUP(Birth *, birth_free);
#define _cleanup_birth_ _cleanup_(birth_freep)

/* Moves the leader into CGROUP's payload, where it was not born there. */
int birth_place(Birth *birth, const Cgroup *cgroup, Error *error);

/*
 * Lets the leader execute the payload with STDIO (borrowed; ignored with a terminal). What comes of it is read by birth_outcome()
 * once birth_fd() is readable.
 */
int birth_release(Birth *birth, const int stdio[static 3], Error *error);
int birth_fd(const Birth *birth);
/* TIMELINE gets the leader's own marks, too. */
int birth_outcome(Birth *birth, Timeline *timeline, Error *error);

/* The leader, with the host's number. Borrowed. */
const PidRef *birth_leader(const Birth *birth);
/* Its number in our own pid namespace, for waitid(2). */
pid_t birth_leader_child(const Birth *birth);

/* Hands the leader over: the birth is over and will not kill it. The caller owns the pidfd. */
PidRef birth_take_leader(Birth *birth);

/* The master side of the terminal, the caller's from then on; -EBADF without one. */
int birth_take_master(Birth *birth);
/* Those of the further ones, as many as the spec says: the caller's array of the caller's descriptors; NULL without any. */
int *birth_take_terminals(Birth *birth);
/* The socket for notifications of the payload, bound in the machine; the same. */
int birth_take_notify(Birth *birth);
