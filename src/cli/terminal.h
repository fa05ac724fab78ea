/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The caller's own terminal: raw while a machine's terminal is shown on it, and as it was at every end. */

#include <sys/ioctl.h>
#include <termios.h>

#include "macro.h"

typedef struct Terminal {
        int fd;                  /* borrowed, or -EBADF where it is not raw */
        struct termios before;
} Terminal;

#define TERMINAL_NULL (Terminal){ .fd = -EBADF }

/* Makes FD raw and remembers what it was. 0 also where FD is no terminal: then there is nothing to restore. */
int terminal_make_raw(int fd, Terminal *ret);

/* Makes it raw again, after something else (a shell, on stop and continue) has had it. */
void terminal_renew(const Terminal *t);

/* As it was before. Does nothing for TERMINAL_NULL. */
void terminal_restore(Terminal *t);
#define _cleanup_terminal_ _cleanup_(terminal_restore)

/* The size of the first of standard output, input and error that is a terminal; zeros where none is. */
struct winsize terminal_size(void);
