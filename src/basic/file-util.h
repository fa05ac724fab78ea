/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whole files, relative to a directory descriptor (AT_FDCWD with absolute paths). */

#include "macro.h"

enum { FILE_MAX_DEFAULT = 4 * 1024 * 1024 };

/* The content, at most MAX bytes (-EFBIG beyond), with a NUL behind it; the caller frees it. RET_SIZE may be NULL. */
int file_read_at(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_size);

/* The first line, without its newline: for files of /proc and /sys. */
int file_read_line(int dirfd, const char *path, char **ret);

/* Writes to a file that exists, in one write(): for files of /proc, /sys and cgroups. */
int file_write_value(int dirfd, const char *path, const char *value);

/* Replaces or makes the file so that a reader sees the old or the new content, never a part (rename(2)). */
int file_replace_at(int dirfd, const char *path, const void *data, size_t size, mode_t mode);

/* mkdir with exactly this mode and owner 0, whatever the umask; fine if it is there. Missing parents are made 0755. */
int directory_make(const char *path, mode_t mode);

/* Removes all that is in DIRFD, as directory_remove_at() does: the first failure, after all else was tried. */
int directory_empty(int dirfd);

/* Removes what NAME in dirfd is, with all below it, and never crosses a mount or follows a link. 0 also where it is not there. */
int directory_remove_at(int dirfd, const char *name);

/* Who wants to hear of each thing that is gone, and of each that can't be removed: NAME in the directory DIRFD. */
typedef struct RemovalWatch {
        void (*removed)(void *userdata);
        void (*failed)(int r, int dirfd, const char *name, void *userdata);
        void *userdata;
} RemovalWatch;

/* directory_remove_at(), watched. */
int directory_remove_watched(int dirfd, const char *name, const RemovalWatch *watch);
