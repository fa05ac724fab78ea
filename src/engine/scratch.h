/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A tmpfs in the mount namespace that a machine is built in: mount points for what has to be attached somewhere
 * before it can be used (Linux 6.1 takes no detached mounts as layers of an overlay), and what is written to layers
 * that nobody keeps. The machine never sees it by its own path, and it goes with the last mount that is made of it.
 */

#include "error.h"

typedef struct Scratch {
        char *path;              /* NULL where there is none */
        unsigned n;              /* directories so far */
} Scratch;

#define SCRATCH_NULL (Scratch){}

void scratch_done(Scratch *scratch);

/* Mounts it at the directory PATH. SIZE is what can be written to it, 0 for half of the memory. */
int scratch_attach(Scratch *scratch, const char *path, uint64_t size, Error *error);

/* Makes a directory in it that belongs to OWNER. *ret is its name in the scratch directory, the caller's. */
int scratch_make_directory(Scratch *scratch, mode_t mode, uint32_t owner, char **ret, Error *error);

/* Attaches a detached mount to a new directory of it, of which *ret is the name, the caller's. */
int scratch_place(Scratch *scratch, int mount, char **ret, Error *error);

/* The path of what NAME is in it; NULL without memory. */
char *scratch_path(const Scratch *scratch, const char *name);
