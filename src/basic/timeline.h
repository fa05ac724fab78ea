/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * When each step of a start was done: for `berth run --timing`. Times are of CLOCK_MONOTONIC in microseconds, so
 * that those of several processes can be told in one line of time.
 */

#include <stdio.h>

#include "macro.h"

typedef struct TimelineMark {
        char *what;
        uint64_t usec;
} TimelineMark;

typedef struct Timeline {
        uint64_t begin;          /* when the measuring began; 0: nobody measures, and nothing is noted */
        TimelineMark *marks;
        size_t n;
} Timeline;

#define TIMELINE_NULL (Timeline){}

uint64_t timeline_now(void);

/* Notes that a step is done. Nothing happens where nobody measures; a mark for which there is no memory is left out. */
void timeline_mark(Timeline *timeline, const char *what);
/* The same for a step of another process. */
void timeline_add(Timeline *timeline, const char *what, uint64_t usec);
void timeline_done(Timeline *timeline);
#define _cleanup_timeline_ _cleanup_(timeline_done)

/* Writes a line per mark in order of time: since the beginning, since the line before, and what was done. */
void timeline_print(Timeline *timeline, FILE *f);
