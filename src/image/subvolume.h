/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Subvolumes of btrfs, by its ioctls (linux/btrfs.h). */

#include "macro.h"

/* Whether the directory at PATH, whose inode number is INODE, is the root of one. */
bool subvolume_is_at(const char *path, uint64_t inode);

/* The same of a descriptor; and whether a snapshot would be all of it: subvolumes in it are left out of one. */
bool subvolume_is(int fd);
bool subvolume_is_whole(int fd);

bool subvolume_is_read_only(const char *path);
int subvolume_set_read_only(int fd, bool read_only);

/* Removes NAME in the directory PARENT, with all in it. -ENOTEMPTY: there are others in it. */
int subvolume_destroy(int parent, const char *name);

/* A snapshot of SOURCE, called NAME in PARENT. */
int subvolume_snapshot(int source, int parent, const char *name);
