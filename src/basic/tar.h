/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Trees of files as a stream: tar as POSIX.1-2001 has it (pax, over ustar), and of GNU's extensions the long names, which are
 * read. Nothing of what a stream says leads out of the directory that it is extracted to: names are taken apart, and
 * neither ".." nor a symbolic link on the way is followed (openat2(2)).
 */

#include "error.h"

typedef enum TarFlags {
        TAR_KEEP_OWNER = 1 << 0, /* ids as the stream has them, where we may; else our own */
} TarFlags;

/* Writes what NAME in DIRFD is, with all below it, as AS. Sockets are left out. */
int tar_write(int fd, int dirfd, const char *name, const char *as, Error *error);

/* Ends the stream. */
int tar_write_end(int fd, Error *error);

/* Extracts the stream FD below DIRFD, over what is there. With RENAME, that is the first part of each name instead. */
int tar_extract(int fd, int dirfd, const char *rename, TarFlags flags, Error *error);
