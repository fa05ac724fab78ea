/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A tree or an image of its own, made from another. */

#include "error.h"

/*
 * Makes NAME in PARENT from SOURCE (O_PATH, at PATH), a directory or a regular file: a btrfs snapshot where that can be, else a copy (tree-copy.h).
 * It is there whole or not at all, also where this is killed. Changes nothing of it: a machine's id stays what it was.
 */
int clone_make(int source, const char *path, int parent, const char *name, Error *error);
