/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A time namespace with clocks of its own (time_namespaces(7)). Unlike the others it is not made by clone3(): its
 * offsets can only be written while no process is in it, so it is unshared for our next child, written, and entered
 * by the fork. Before Linux 6.2 (fs/exec.c) an exec could not enter it.
 */

#include "plan.h"

/* From here on children are born into the machine's clocks. *ret is what clocks_restore() takes; -EBADF where the plan has none. */
int clocks_offset_children(const Plan *plan, int *ret, Error *error);

/* Children have our own clocks again. Closes SAVED; gives -EBADF back in it. */
int clocks_restore(int *saved, Error *error);
