/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A copy of a tree for one run of a machine, where the tree is a btrfs subvolume: made in a moment whatever its size, on
 * disk and not in memory, and removed with the machine. It lies beside the tree as ".#NAME.berth-…", locked by who uses it:
 * what nobody has locked is a dead supervisor's, and removed by the next who makes one there.
 */

#include "error.h"

typedef struct Snapshot {
        int parent;              /* the directory that it is in */
        int fd;                  /* itself, locked; -EBADF: there is none */
        char *name;
} Snapshot;

#define SNAPSHOT_NULL (Snapshot){ .parent = -EBADF, .fd = -EBADF }

/* Removes it, if there is one. */
void snapshot_done(Snapshot *snapshot);

/*
 * Makes one of TREE (O_PATH, at PATH). 1 where that cannot be: no subvolume, one with others in it, which a snapshot leaves out,
 * or not to be written beside, or other users of the host could run what a machine leaves there.
 */
int snapshot_take(int tree, const char *path, Snapshot *ret, Error *error);

/*
 * Begins what is to be a tree or an image of its own, NAME in PARENT, made from TREE: under a name that keeps it from being taken
 * for one, and that is swept away when its maker dies. 0: it is a snapshot, and whole; 1: it is empty, for the caller to
 * fill (a file is open for writing).
 */
int snapshot_begin(int tree, int parent, const char *name, Snapshot *ret, Error *error);

/* It is whole: gives it its name. -EEXIST where something has that. */
int snapshot_publish(Snapshot *snapshot, const char *name);
