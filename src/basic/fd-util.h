/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Descriptors: owned ones are always close-on-exec, and the name of a function says who owns what it takes. */

#include "macro.h"

/* Closes FD if it is valid, keeps errno, returns -EBADF to assign. */
int fd_close(int fd);

static inline void fd_closep(int *fd) {
        (void) fd_close(*fd);
}
#define _cleanup_close_ _cleanup_(fd_closep)

/* Closes and forgets each of N descriptors. */
void fd_close_many(int *fds, size_t n);

/* Closes all descriptors from FIRST on, but for N of KEPT, of which those that are negative do not count. */
int fd_close_others(int first, const int *kept, size_t n);

/* A duplicate above 2 with close-on-exec, or a negative errno. */
int fd_dup(int fd);

/* All of DATA, over short writes and interruptions. 0 or a negative errno. */
int fd_write_all(int fd, const void *data, size_t size);

/* Everything up to the end of file, at most MAX bytes (-EFBIG beyond), with a NUL behind it. */
int fd_read_all(int fd, size_t max, char **ret_data, size_t *ret_size);

/* Waits for EVENTS (poll(2)) on FD; TIMEOUT_USEC may be USEC_INFINITY. The events, 0 for a time-out, or a negative errno. */
int fd_wait(int fd, short events, uint64_t timeout_usec);

/* "/proc/self/fd/N", where N is open: for calls that take a path only. */
#define FD_PATH_MAX (sizeof("/proc/self/fd/") + 3 * sizeof(int))
const char *fd_path(int fd, char buffer[static FD_PATH_MAX]);

/* An anonymous file holding DATA, its position at the start, sealed against change (memfd_create(2)). */
int fd_from_data(const char *name, const void *data, size_t size);
