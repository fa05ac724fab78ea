/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The first move of a process between cgroups after a quiet time waits until a grace period of the kernel's RCU is over: 8 ms
 * and more, in which systemd stands still in the middle of making a scope (cgroup_attach_lock() in kernel/cgroup/cgroup.c,
 * rcu_sync_enter()). It is the same grace period for everybody. So one is begun as soon as a scope is foreseen, by a move that
 * changes nothing: a helper, which does nothing else, moves itself to the cgroup that it is in. It goes on while the start is
 * prepared, and systemd waits for less of it. No thread: that would hold our descriptors, and with them our name on the bus, for
 * as long, if we were killed.
 */

#include "error.h"

typedef struct GracePeriod GracePeriod;

/*
 * Forks the helper, with the privileges that we have now; it ends with us. *ret is NULL where our cgroup can't be written to: then
 * nothing is gained, and nothing lost. Fails with -ENOMEM or what socketpair(2) and fork(2) say.
 */
int grace_period_new(GracePeriod **ret, Error *error);
/* Waits for the helper to end. Accepts NULL. */
GracePeriod *grace_period_free(GracePeriod *g);

/*
 * Has one begun, and does not wait for it; for 100 ms after that no move has to wait for another one, and for a second where
 * the call before was less than a second ago. Accepts NULL.
 */
void grace_period_begin(GracePeriod *g);

/* Whether it is such a time. False where there is no helper. */
bool grace_period_is_kept(const GracePeriod *g);
