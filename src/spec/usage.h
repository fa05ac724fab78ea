/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* What a machine uses at a moment, by names that D-Bus and JSON have, too. */

typedef enum UsageKey {
        USAGE_TIMESTAMP,          /* CLOCK_MONOTONIC in microseconds: what is used meanwhile is a difference of two */
        USAGE_CPU,                /* microseconds in all */
        USAGE_MEMORY,
        USAGE_MEMORY_MAX,
        USAGE_MEMORY_PEAK,
        USAGE_SWAP,
        USAGE_SWAP_MAX,
        USAGE_IO_READ,            /* bytes in all, on all devices */
        USAGE_IO_WRITE,
        USAGE_IO_READS,
        USAGE_IO_WRITES,
        USAGE_NETWORK_RECEIVE,    /* bytes in all, but for the loopback */
        USAGE_NETWORK_TRANSMIT,
        USAGE_TASKS,
        USAGE_TASKS_MAX,
        USAGE_CPU_PRESSURE,       /* hundredths of a percent of the last 10 seconds in which some task waited for it */
        USAGE_MEMORY_PRESSURE,
        USAGE_IO_PRESSURE,
        _USAGE_KEY_MAX,
} UsageKey;

/* What nobody counts, and a limit that there is not. */
#define USAGE_NONE UINT64_MAX

typedef struct Usage {
        uint64_t values[_USAGE_KEY_MAX];
} Usage;

/* "MemoryCurrent"; and back, a negative errno for what is none. */
const char *usage_key_name(UsageKey key);
int usage_key_from_name(const char *name);

/* All of it USAGE_NONE. */
void usage_clear(Usage *usage);
