/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One message with descriptors over a SOCK_SEQPACKET socket (unix(7), SCM_RIGHTS). Message borders are kept
 * by the socket, so one call is one message.
 */

#include "macro.h"

enum { FD_PASS_MAX = 32 };

/* Sends SIZE bytes and duplicates of N descriptors, of which -EBADF ones are not allowed. 0, -EAGAIN, -EPIPE, … */
int fd_pass_send(int socket, const void *data, size_t size, const int *fds, size_t n);

/*
 * Receives one message of at most SIZE bytes and at most FD_PASS_MAX descriptors, close-on-exec, the caller's.
 * Its size, 0 at the end of the connection, -EMSGSIZE for a longer one, or a negative errno; then no descriptor is left open.
 */
ssize_t fd_pass_receive(int socket, void *data, size_t size, int fds[static FD_PASS_MAX], size_t *ret_n);
