/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a machine's tree is made from, as the engine takes it: a directory as it is, an image as the mounts in it, the
 * directories below it, and the machine's own layer over it.
 */

#include "disk.h"
#include "layer.h"
#include "tree.h"

typedef struct Source {
        TreeSource tree;
        Disk disk;               /* whose mounts the tree's are */
} Source;

#define SOURCE_NULL (Source){ .tree = { .tree = -EBADF, .layer = -EBADF } }

void source_done(Source *source);
#define _cleanup_source_ _cleanup_(source_done)

/* FD (O_PATH) is borrowed. */
int source_open(const Plan *plan, int fd, Source *ret, Error *error);
