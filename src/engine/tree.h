/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The machine's root directory as a mount of our own mount namespace. */

#include "plan.h"

/*
 * A private, detached copy of what the directory TREE (O_PATH) shows, with the mounts below it. It is taken
 * while we are still in the mount namespace that TREE is of: open_tree(2) refuses to clone mounts of another.
 */
int tree_clone(const Plan *plan, int tree, Error *error);

/*
 * Shows that copy at MOUNT_POINT: writable, read-only, or as an overlay with a writable layer that is gone with
 * the mount namespace. USERNS maps the owners (-EBADF: not mapped). *ret_path is the directory that is to be
 * the root, at or below MOUNT_POINT; the caller frees it.
 */
int tree_mount(const Plan *plan, int clone, int userns, const char *mount_point, char **ret_path, Error *error);
