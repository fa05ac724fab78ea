/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How far long work has come, told to whoever asked for it: JSON, an object a message on a socket. Whoever does not read is
 * not waited for: what there is no room for is left out.
 */

#include "error.h"

typedef struct Progress {
        int socket;              /* or -EBADF: nobody wants to know */
        const char *unit;        /* "files" or "bytes" */
        uint64_t done, total;
        uint64_t told_usec;
} Progress;

/* N more are done. PROGRESS may be NULL. */
void progress_add(Progress *progress, uint64_t n);

/* The last message: it is done, with what was counted where USAGE is given, or with R below 0 why not. */
void progress_end(Progress *progress, int r, const uint64_t *usage, const Error *error);
