/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A tree or an image of its own, made from another: a btrfs snapshot where that can be, else a copy (tree-copy.h). */

#include "image-progress.h"
#include "spec.h"

/*
 * Makes NAME in PARENT from SOURCE (O_PATH, at PATH), a directory or a regular file. It is there whole or not at all, also where
 * this is killed. PROGRESS may be NULL. Changes nothing of it: a machine's id stays what it was.
 */
int clone_make(int source, const char *path, int parent, const char *name, Progress *progress, Error *error);

/* What it takes, opened: who makes it may be another process. */
typedef struct Clone {
        int source, parent;
        const char *name;        /* in the target's path */
} Clone;

#define CLONE_NULL (Clone){ .source = -EBADF, .parent = -EBADF }

/* SOURCE and TARGET are absolute and normalized; what SOURCE leads to is a tree or an image. */
int clone_open(const char *source, const char *target, Clone *ret, Error *error);
void clone_done(Clone *clone);

/* Whether the spec's tree is still to be made from its template: 1, 0, or a negative errno where the two do not go together. */
int template_is_wanted(const Spec *spec, Error *error);

/* Makes it then, here and now. */
int template_make(const Spec *spec, Error *error);
