/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rootfs.h"

/*
 * Makes proc, sysfs and mqueue of the leader's namespaces as detached mounts. The kernel ties them to the
 * namespaces of the process that creates them; were that the leader itself, it would have to do it in a mount
 * namespace of its own user namespace, and a payload with CAP_SYS_ADMIN could then unmount what covers parts
 * of them. So a child that shares our memory and descriptors goes there, with the host's privileges.
 */
int leader_mounts_make(const Plan *plan, int leader_pidfd, const Namespaces *namespaces, LeaderMounts *ret, Error *error);

void leader_mounts_done(LeaderMounts *mounts);
