/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a machine has written, as the supervisor recorded it: in the journal or in a file. */

#include "error.h"

typedef struct LogEntry {
        uint64_t usec;           /* CLOCK_REALTIME */
        char stream[16];         /* "stdout", "stderr", "terminal"; empty: a line about the log itself */
        char *text;              /* any bytes; the reader's, until the next */
        size_t size;
        bool partial;            /* the line goes on in the next entry of its stream */
        uint64_t lost;           /* so many lines are missing before this one */
        bool limited;            /* they are, because journald takes no more than its rate */
} LogEntry;

typedef struct LogReader LogReader;

int log_reader_open_journal(const char *machine, LogReader **ret, Error *error);
/* -ENOENT, with no error set, where there is no such file. */
int log_reader_open_file(const char *machine, LogReader **ret, Error *error);
LogReader *log_reader_free(LogReader *r);
DEFINE_CLEANUP(LogReader *, log_reader_free);

/* Goes to the last N lines (UINT64_MAX: all) of those from SINCE to UNTIL (UINT64_MAX: now). A long one is one, of several entries. */
int log_reader_seek(LogReader *r, uint64_t since, uint64_t until, uint64_t n);

/* The next entry: 1, or 0 where there is none (yet). */
int log_reader_next(LogReader *r, LogEntry *ret);

/* Readable once there may be more, and log_reader_next() is to be asked. */
int log_reader_fd(LogReader *r);
