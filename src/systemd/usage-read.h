/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "resource.h"
#include "usage.h"

/* Reading what a unit uses, from its cgroups on either kind of host. A file that is not there leaves its values out. */

/* The cgroup of the unit that the supervisor PID is in, without what is below the unit; the caller frees it. */
int usage_find_unit(HostKind host, pid_t pid, char **ret);

/* UNIT is such a path. The network is that of LEADER; 0: it has none of its own. */
void usage_read(HostKind host, const char *unit, pid_t leader, Usage *ret);
