/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Files that berth makes for a machine, such as its resolv.conf: they lie on a tmpfs of the machine's own over what the tree has
 * there, so that nothing is written to the tree and no inode of the host is within reach.
 */

#include "plan.h"
#include "scratch.h"

typedef struct PlacedFile {
        const char *target;      /* static: in the machine */
        char *text;              /* what is in it; NULL: a file of the host's is shown read-only, */
        char *source;            /* which is this one */
        bool optional;           /* only over one that the tree has */
} PlacedFile;

typedef struct PlacedFiles {
        PlacedFile *items;
        size_t n;
} PlacedFiles;

void placed_files_done(PlacedFiles *files);

/* Adds one; TEXT is taken over, also on failure. For all that is generated. */
int placed_files_add(PlacedFiles *files, const char *target, char *text);

/* Whether there are any. */
bool placed_files_are_any(const Plan *plan);

/* Reads on the host what the plan's settings show of it, and makes the machine's /etc/hosts. */
int placed_files_read(const Plan *plan, PlacedFiles *ret, Error *error);

/* Attaches them below ROOT (O_PATH). What a read-only tree has no place for is left out. */
int placed_files_attach(const PlacedFiles *files, int root, Scratch *scratch, uint32_t owner, Error *error);
