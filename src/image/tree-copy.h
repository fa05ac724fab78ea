/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The content of a directory, copied: owners, modes, times, extended attributes (and with them ACLs, capabilities and labels),
 * links and nodes, and files that share their blocks where the file system can (FICLONE). What is mounted below is left
 * out. The source may be a machine's that runs: nothing in it leads elsewhere, whatever is moved meanwhile.
 */

#include "image-progress.h"

/*
 * Copies what is in FROM (a directory, O_PATH will do) to TO, an empty one, which gets FROM's owner, mode and so on as well. PROGRESS hears of
 * the bytes, or is NULL.
 */
int tree_copy(int from, int to, const char *path, Progress *progress, Error *error);

/* The content of a regular file, with its owner, mode, times and attributes, to TO, which is empty and open for writing. */
int tree_copy_file(int from, int to, const char *path, Progress *progress, Error *error);
