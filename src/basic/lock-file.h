/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Lock files held for as long as their owner lives: open-file-description locks (fcntl(2), F_OFD_SETLK),
 * which go with the last descriptor, so that they can be handed to another process and nothing is left to
 * clean up after a kill. systemd locks its own files in the same way.
 */

#include "macro.h"

/* Opens or makes PATH (0600) and locks it, without waiting. The descriptor, -EAGAIN where it is held, or a negative errno. */
int lock_file_try(int dirfd, const char *path);

/* The same for LENGTH bytes from START alone (0: to the end, however long): who locks others is not in the way. */
int lock_file_try_part(int dirfd, const char *path, off_t start, off_t length);

/* The same, but others may share it; and whether another descriptor than FD holds a lock, of either kind, in a part of its file. */
int lock_file_share_part(int dirfd, const char *path, off_t start, off_t length);
int lock_file_part_is_held(int fd, off_t start, off_t length);

/* Whether somebody else than the caller holds a lock on PATH: 1, 0 (also where there is no such file), or a negative errno. */
int lock_file_is_held(int dirfd, const char *path);
