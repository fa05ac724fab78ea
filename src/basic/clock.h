/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <time.h>

#include "macro.h"

static inline uint64_t clock_usec(clockid_t id) {
        struct timespec ts;

        (void) clock_gettime(id, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

/* CLOCK_MONOTONIC in microseconds: for time-outs, and what sd-bus counts in. */
static inline uint64_t now_usec(void) {
        return clock_usec(CLOCK_MONOTONIC);
}

/* The microseconds until a time of that clock, 0 where it has passed; USEC_INFINITY stays. */
static inline uint64_t time_left(uint64_t until) {
        uint64_t now = now_usec();

        return until == USEC_INFINITY ? USEC_INFINITY : until > now ? until - now : 0;
}
