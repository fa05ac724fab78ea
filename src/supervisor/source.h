/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a machine's tree is made from, as the engine takes it: a directory as it is, an image as the mounts in it, the
 * directories below it, and the machine's own layer over it.
 *
 * A machine that begins again is made from it anew. A directory is cloned each time; but mounts that are attached nowhere
 * can be id-mapped once only, and not be cloned before Linux 6.15. So these are kept in a mount namespace of their own, in
 * which there is nothing else, and each life gets copies.
 */

#include "disk.h"
#include "layer.h"
#include "tree.h"

typedef struct Source {
        TreeSource tree;
        Disk disk;               /* whose mounts the tree's are */
        int namespace;           /* where they are kept; or -EBADF: they are detached, and good for one life */
} Source;

#define SOURCE_NULL (Source){ .tree = { .tree = -EBADF, .layer = -EBADF }, .namespace = -EBADF }

void source_done(Source *source);
#define _cleanup_source_ _cleanup_(source_done)

/* FD (O_PATH) is borrowed. */
int source_open(const Plan *plan, int fd, Source *ret, Error *error);

/* For a machine that may begin again: keeps the mounts. PLACE is an empty directory, where nothing is left. */
int source_keep(Source *source, const char *place, Error *error);

/* What one life is made from. Done with by source_life_done(), before the source is. */
int source_for_life(const Source *source, TreeSource *ret, Error *error);
void source_life_done(const Source *source, TreeSource *tree);
