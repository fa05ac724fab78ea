/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"

/*
 * The absolute path of what a user calls a tree: without a slash, the name of one that is installed (in the
 * folders that systemd-nspawn and machinectl use); with one, a path. ERROR says where it was looked for.
 */
int tree_find(const char *tree, char **ret, Error *error);

/* Adds the names of all trees that are installed to NAMES, as far as the caller may see them. */
void tree_names(char ***names);

/* The absolute form of a path of the user's. ".." is resolved as the kernel would, the rest is kept as it was written. */
int tree_from_path(const char *path, char **ret, Error *error);
