/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "usage.h"

#include "string-util.h"

static const char *const names[] = {
        [USAGE_TIMESTAMP] = "Timestamp",
        [USAGE_CPU] = "CPUUsageUSec",
        [USAGE_MEMORY] = "MemoryCurrent",
        [USAGE_MEMORY_MAX] = "MemoryMax",
        [USAGE_MEMORY_PEAK] = "MemoryPeak",
        [USAGE_SWAP] = "MemorySwapCurrent",
        [USAGE_SWAP_MAX] = "MemorySwapMax",
        [USAGE_IO_READ] = "IOReadBytes",
        [USAGE_IO_WRITE] = "IOWriteBytes",
        [USAGE_IO_READS] = "IOReadOperations",
        [USAGE_IO_WRITES] = "IOWriteOperations",
        [USAGE_NETWORK_RECEIVE] = "NetworkReceiveBytes",
        [USAGE_NETWORK_TRANSMIT] = "NetworkTransmitBytes",
        [USAGE_TASKS] = "TasksCurrent",
        [USAGE_TASKS_MAX] = "TasksMax",
        [USAGE_CPU_PRESSURE] = "CPUPressure",
        [USAGE_MEMORY_PRESSURE] = "MemoryPressure",
        [USAGE_IO_PRESSURE] = "IOPressure",
};
static_assert(ELEMENTSOF(names) == _USAGE_KEY_MAX, "each has a name");

const char *usage_key_name(UsageKey key) {
        return names[key];
}

int usage_key_from_name(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(names[i], name))
                        return (int) i;
        return -EINVAL;
}

void usage_clear(Usage *usage) {
        for (size_t i = 0; i < _USAGE_KEY_MAX; i++)
                usage->values[i] = USAGE_NONE;
}
