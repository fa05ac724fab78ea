/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How far long work has come, as a bar on standard error where that is a terminal, and nothing otherwise. */

#include "error.h"

typedef struct ProgressBar {
        bool shown;              /* there is a terminal */
        bool drawn;
        const char *what;        /* "Removing debian", borrowed */
        uint64_t drawn_usec;
} ProgressBar;

ProgressBar progress_bar(const char *what);

/* DONE of TOTAL (0: not known), of bytes or of files. Draws a few times a second. */
void progress_bar_set(ProgressBar *bar, uint64_t done, uint64_t total, bool bytes);

/* Takes the bar off the screen again. */
void progress_bar_clear(ProgressBar *bar);
#define _cleanup_progress_bar_ _cleanup_(progress_bar_clear)

/*
 * On a terminal: puts a process into the stream that *FD is the end of, to write to with WRITES and else to read from, which draws
 * how much of TOTAL bytes (0: not known) has gone through. *RET_PID is 0 where there is no terminal.
 */
int progress_insert(int *fd, bool writes, const char *what, uint64_t total, pid_t *ret_pid, Error *error);

/* Waits for it, once *FD is closed. */
void progress_join(pid_t pid);

/* Reads what comes on the socket of Progress (org.berth1(5)) until the work is done, and draws it. *RET_USAGE (may be NULL) is
 * what was counted. ERROR says why it failed. */
int progress_follow(int socket, const char *what, uint64_t *ret_usage, Error *error);
