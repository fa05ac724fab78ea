/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "resource.h"
#include "usage.h"

/* Reading what a unit uses, from its cgroups on either kind of host. A file that is not there leaves its values out. */

/* The cgroup of the unit that the supervisor PID is in, without what is below the unit; the caller frees it. */
int usage_find_unit(HostKind host, pid_t pid, char **ret);

/*
 * The files of one unit, which stay open between two looks: opening them is most of the cost where there are hundreds of
 * units. They hold nothing up: a cgroup can be removed under them.
 */
enum { USAGE_FILES_MAX = 20 };
typedef struct UsageFiles {
        int fds[USAGE_FILES_MAX];
} UsageFiles;

UsageFiles *usage_files_new(void);
UsageFiles *usage_files_free(UsageFiles *files);

/* UNIT is such a path, FILES its own or NULL. The network is that of LEADER; 0: it has none of its own. */
void usage_read(HostKind host, const char *unit, UsageFiles *files, pid_t leader, Usage *ret);
