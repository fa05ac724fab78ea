/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The machine's root directory as a mount of our own mount namespace. */

#include "plan.h"
#include "scratch.h"

/*
 * A private, detached copy of what the directory TREE (O_PATH) shows, with the mounts below it. It is taken
 * while we are still in the mount namespace that TREE is of: open_tree(2) refuses to clone mounts of another.
 */
int tree_clone(const Plan *plan, int tree, Error *error);

/* Whether the plan's tree or mounts need a scratch directory. */
bool tree_needs_scratch(const Plan *plan);

/*
 * Shows that copy as the plan's tree mode says, at MOUNT_POINT or in SCRATCH where that is attached there.
 * USERNS maps the owners (-EBADF: not mapped). *ret_path is the directory that is to be the root; the caller frees it.
 */
int tree_mount(const Plan *plan, int clone, int userns, const char *mount_point, Scratch *scratch, char **ret_path, Error *error);
