/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whole trees, which a machine may have filled as it liked: no symbolic link is followed, no mount is crossed. */

#include "image-progress.h"

typedef struct TreeSize {
        uint64_t files;          /* of any kind */
        uint64_t bytes;          /* on disk; of a file with several names its share */
        uint64_t content;        /* of what files would read */
} TreeSize;

/*
 * Counts what is in NAME of the directory DIR. With REMOVABLE set, fails at what could not be removed: a file that is immutable
 * or may only be appended to, or something that is mounted there. PROGRESS (may be NULL) is told of each file.
 */
int tree_measure(int dir, const char *name, bool removable, Progress *progress, TreeSize *ret, Error *error);

/* Removes NAME with all below it, however deep. Tells of each file; ERROR names the first that could not be removed. */
int tree_remove(int dir, const char *name, Progress *progress, Error *error);

/* Takes the attribute "immutable" from what FD is, or gives it: -EOPNOTSUPP where the file system has none. */
int tree_set_immutable(int fd, bool immutable);

/* The path of NAME in the directory DIR as the kernel knows it, for messages; the caller frees it; NULL without memory. */
char *tree_path(int dir, const char *name);
