/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The machine's terminal: its master side, and any number of attached streams.
 *
 * What the payload writes goes to every stream, what a stream sends goes to the payload. The master is read
 * only once every stream has taken what came before, so nothing is lost or reordered, and a payload that
 * writes faster than its readers read is slowed down by its own terminal, as on any other. A stream that does not
 * take what it was given within a second, while another waits for more, is left behind: what came meanwhile is
 * missing in it, and it is told so in that place, also where the payload has ended meanwhile. Until the first
 * stream is attached, the last 64 KiB are kept for it, or with HOLD nothing is read, also when it is drained.
 */

#include <systemd/sd-event.h>

#include "error.h"

typedef struct Console Console;
struct Recorder;

/* Takes MASTER over, also on failure. */
int console_new(sd_event *event, int master, bool hold, Console **ret, Error *error);
Console *console_free(Console *console);

/* All that the payload writes is recorded, too. */
void console_record(Console *console, struct Recorder *recorder);

/* The terminal of a machine that began again, for the streams that there are. Takes MASTER over, also on failure. */
int console_replace_master(Console *console, int master);

/* One end of a new stream, the caller's. */
int console_attach(Console *console, int *ret);

/* The window's size; 0 leaves it as it is. The payload gets SIGWINCH from the kernel. */
void console_resize(Console *console, uint32_t rows, uint32_t columns);

/* The payload is over: delivers what it wrote last, then calls DONE, at the latest when a reader stands still. */
void console_drain(Console *console, void (*done)(void *userdata), void *userdata);
