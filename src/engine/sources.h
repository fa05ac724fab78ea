/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a machine is shown of the host: taken as detached mounts by their paths while we are in the host's mount
 * namespace (open_tree(2) refuses to clone mounts of another one), and attached once there is a tree.
 */

#include "plan.h"

typedef struct Sources {
        int *fds;                /* detached mounts in the order of the plan */
        size_t n;
        size_t next;             /* the first that was not taken yet */
} Sources;

#define SOURCES_NULL (Sources){}

void sources_done(Sources *sources);

/* Takes all that the plan's mounts name. TREE (O_PATH) is the machine's tree, whose owners a new volume gets. */
int sources_take(const Plan *plan, int tree, Sources *ret, Error *error);

/* The next one, the caller's: in the order of the plan, and in that of the layers of an overlay. */
int sources_next(Sources *sources);

/* One source of M, as sources_take() takes it: for a mount that comes later. The detached mount. */
int source_take(const Plan *plan, const PlannedMount *m, const char *source, int tree, Error *error);

/* Whether a source is taken from the host, and not from the tree or made. */
bool source_is_of_host(const char *source);

/* Of an overlay's upper layer the folder that it is in is taken: these are its name there and that of its work folder. */
const char *source_upper_name(const PlannedMount *m);
char *source_work_name(const PlannedMount *m);
bool source_is_upper(const PlannedMount *m, size_t i);
