/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Detached mounts (fsopen(2), open_tree(2)): each is made and attributed where nobody sees it, then attached
 * in one step. All descriptors are the caller's, close-on-exec.
 */

#include "error.h"

/*
 * A new instance of file system TYPE. OPTIONS is a list like "mode=755,size=4m" or NULL, in which quotes keep commas. Attributes are
 * MOUNT_ATTR_*. The descriptor of the detached mount, or a negative errno with ERROR naming type and option.
 */
int mount_new(const char *type, const char *options, uint64_t attributes, Error *error);

/*
 * A copy of what PATH below DIRFD shows, private to us before anything can be attached to it: a clone of a
 * shared mount would stay in its peer group. RECURSIVE takes the mounts below along.
 */
int mount_clone(int dirfd, const char *path, bool recursive, Error *error);

/* The same with MOUNT_ATTR_* added to what they had. */
int mount_clone_with(int dirfd, const char *path, bool recursive, uint64_t attributes, Error *error);

/* Adds MOUNT_ATTR_* to a detached mount, and to those below it where RECURSIVE. */
int mount_add_attributes(int mount, uint64_t attributes, bool recursive, Error *error);

/* Maps the owners of a detached mount by USERNS, the descriptor of a user namespace whose maps are written. */
int mount_map_ids(int mount, int userns, bool recursive, const char *object, Error *error);

/* The bare call: -EINVAL where its file system cannot be mapped, -EPERM where it is mapped already. */
int mount_set_id_map(int mount, int userns, bool recursive);

/* Attaches a detached mount over what TARGET, an O_PATH descriptor, shows. OBJECT is for the error. */
int mount_attach(int mount, int target, const char *object, Error *error);

/* The same over the directory PATH of our own mount namespace. */
int mount_attach_path(int mount, const char *path, Error *error);
