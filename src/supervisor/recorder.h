/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The log of a machine: what it writes, line by line, to the journal or to a file. A line that is longer than an entry may be is
 * several, marked. Nothing here waits: while the journal is behind nothing more is read, so the machine is slowed down; where
 * it stays behind, or can't be reached, lines are counted, and that they are missing is told in their place; or, where nothing
 * follows, on standard error.
 */

#include <systemd/sd-event.h>

#include "error.h"
#include "spec.h"

typedef struct Recorder Recorder;

typedef enum RecordStream {
        RECORD_STDOUT,
        RECORD_STDERR,
        RECORD_TERMINAL,
        _RECORD_STREAM_MAX,
} RecordStream;

/* MODE is LOG_TO_JOURNAL or LOG_TO_FILE. */
int recorder_new(sd_event *event, const char *machine, LogMode mode, Recorder **ret, Error *error);
Recorder *recorder_free(Recorder *r);

/* A pipe whose writing end is *ret, the caller's. What comes also goes to COPY (duplicated; -EBADF: nowhere). */
int recorder_add_pipe(Recorder *r, RecordStream stream, int copy, int *ret);

/* Records bytes. Only where recorder_is_ready(); READY is called each time that it is again. */
void recorder_write(Recorder *r, RecordStream stream, const char *data, size_t size);
bool recorder_is_ready(const Recorder *r);
void recorder_notify(Recorder *r, void (*ready)(void *userdata), void *userdata);

/* What waits for the journal is recorded now, or else counted as lost: afterwards it is ready. */
void recorder_give_up(Recorder *r);

/* All that write are gone: takes what is left, then calls DONE, at the latest after some seconds. */
void recorder_drain(Recorder *r, void (*done)(void *userdata), void *userdata);
