/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * The cgroup that a machine's supervisor makes in the v1 hierarchy of cpuset, where systemd has none (cgroup-limits.h in
 * the engine). A supervisor that was killed leaves it behind, empty.
 */

/* Removes that of one machine. Fine where there is none. */
void cpuset_remove(const char *machine);

/* Removes all whose machine IS_ALIVE does not know. */
void cpuset_sweep(bool (*is_alive)(void *userdata, const char *machine), void *userdata);
