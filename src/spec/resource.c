/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "resource.h"

#include <inttypes.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include "parse-util.h"
#include "string-util.h"

#define SYSTEMD(...) { RESOURCE_BY_SYSTEMD, __VA_ARGS__ }
#define TRANSLATED(...) { RESOURCE_TRANSLATED, __VA_ARGS__ }
#define BERTH(...) { RESOURCE_BY_BERTH, __VA_ARGS__ }
#define REFUSED(...) { RESOURCE_REFUSED, NULL, __VA_ARGS__ }

#define NO_OOMD "systemd-oomd needs a host with cgroup v2 alone"

/* In the order of the settings. */
const Resource resources[] = {
        { "Slice", false, NULL, { SYSTEMD(NULL, NULL), SYSTEMD(NULL, NULL) } },
        { "TimeoutStopSec", false, NULL,
          { BERTH(NULL, "and systemd, with a margin"), BERTH(NULL, "and systemd, with a margin") } },
        { "KillMode", false, NULL,
          { BERTH(NULL, "the scope's own stays control-group"), BERTH(NULL, "the scope's own stays control-group") } },
        { "CPUShares", true, "CPUWeight", { TRANSLATED("cpu.weight", NULL), SYSTEMD("cpu.shares", NULL) } },
        { "CPUWeight", true, NULL, { SYSTEMD("cpu.weight", NULL), SYSTEMD("cpu.shares", "as shares") } },
        { "StartupCPUWeight", true, NULL, { SYSTEMD("cpu.weight", NULL), SYSTEMD("cpu.shares", "as shares") } },
        { "CPUQuota", true, NULL, { SYSTEMD("cpu.max", NULL), SYSTEMD("cpu.cfs_quota_us", NULL) } },
        { "CPUQuotaPeriodSec", true, NULL, { SYSTEMD("cpu.max", NULL), SYSTEMD("cpu.cfs_period_us", NULL) } },
        { "AllowedCPUs", true, NULL,
          { SYSTEMD("cpuset.cpus", NULL), BERTH("cpuset.cpus", "in a cgroup of the scope's name") } },
        { "AllowedMemoryNodes", true, NULL,
          { SYSTEMD("cpuset.mems", NULL), BERTH("cpuset.mems", "in a cgroup of the scope's name") } },
        { "MemoryMin",
          true,
          NULL,
          { SYSTEMD("memory.min", NULL), REFUSED("cgroup v1 cannot keep memory from being reclaimed") } },
        { "MemoryLow",
          true,
          NULL,
          { SYSTEMD("memory.low", NULL), BERTH("memory.soft_limit_in_bytes", "what is above is reclaimed first") } },
        { "MemoryHigh", true, NULL,
          { SYSTEMD("memory.high", NULL), REFUSED("cgroup v1 has no limit that slows down: MemoryMax= is the one it has") } },
        { "MemoryMax", true, NULL, { SYSTEMD("memory.max", NULL), SYSTEMD("memory.limit_in_bytes", NULL) } },
        { "MemorySwapMax", true, NULL,
          { SYSTEMD("memory.swap.max", NULL), BERTH("memory.memsw.limit_in_bytes", "the sum with MemoryMax=, which it needs") } },
        { "MemoryZSwapMax", true, NULL,
          { SYSTEMD("memory.zswap.max", "from systemd 253 on"), REFUSED("cgroup v1 does not count compressed swap") } },
        { "TasksMax", true, NULL, { SYSTEMD("pids.max", NULL), SYSTEMD("pids.max", NULL) } },
        { "IOWeight", true, NULL,
          { SYSTEMD("io.weight|io.bfq.weight", NULL), SYSTEMD("blkio.bfq.weight|blkio.weight", NULL) } },
        { "IODeviceWeight", true, NULL,
          { SYSTEMD("io.weight|io.bfq.weight", "refused for a device that has neither iocost nor bfq on"),
            REFUSED("systemd sets a file (blkio.weight_device) that Linux has no more since 5.0") } },
        { "IOReadBandwidthMax", true, NULL, { SYSTEMD("io.max", NULL), SYSTEMD("blkio.throttle.read_bps_device", NULL) } },
        { "IOWriteBandwidthMax", true, NULL, { SYSTEMD("io.max", NULL), SYSTEMD("blkio.throttle.write_bps_device", NULL) } },
        { "IOReadIOPSMax", true, NULL, { SYSTEMD("io.max", NULL), BERTH("blkio.throttle.read_iops_device", NULL) } },
        { "IOWriteIOPSMax", true, NULL, { SYSTEMD("io.max", NULL), BERTH("blkio.throttle.write_iops_device", NULL) } },
        { "IODeviceLatencyTargetSec", true, NULL, { SYSTEMD("io.latency", NULL), REFUSED("cgroup v1 has no latency targets") } },
        { "BlockIOWeight", true, "IOWeight",
          { TRANSLATED("io.weight|io.bfq.weight", NULL), SYSTEMD("blkio.bfq.weight|blkio.weight", NULL) } },
        { "BlockIOReadBandwidth", true, "IOReadBandwidthMax",
          { TRANSLATED("io.max", NULL), SYSTEMD("blkio.throttle.read_bps_device", NULL) } },
        { "BlockIOWriteBandwidth", true, "IOWriteBandwidthMax",
          { TRANSLATED("io.max", NULL), SYSTEMD("blkio.throttle.write_bps_device", NULL) } },
        { "DevicePolicy", true, NULL, { SYSTEMD(NULL, "a program of BPF"), SYSTEMD("devices.list", NULL) } },
        { "DeviceAllow", true, NULL, { SYSTEMD(NULL, "a program of BPF"), SYSTEMD("devices.list", NULL) } },
        { "IPAddressAllow", true, NULL, { SYSTEMD(NULL, "a program of BPF"), SYSTEMD(NULL, "a program of BPF") } },
        { "IPAddressDeny", true, NULL, { SYSTEMD(NULL, "a program of BPF"), SYSTEMD(NULL, "a program of BPF") } },
        { "IPAccounting", true, NULL, { SYSTEMD(NULL, "a program of BPF"), SYSTEMD(NULL, "a program of BPF") } },
        { "ManagedOOMSwap", true, NULL, { SYSTEMD(NULL, "where systemd-oomd runs"), REFUSED(NO_OOMD) } },
        { "ManagedOOMMemoryPressure", true, NULL, { SYSTEMD(NULL, "where systemd-oomd runs"), REFUSED(NO_OOMD) } },
        { "ManagedOOMMemoryPressureLimit", true, NULL, { SYSTEMD(NULL, "where systemd-oomd runs"), REFUSED(NO_OOMD) } },
        { "ManagedOOMPreference", true, NULL, { SYSTEMD(NULL, "where systemd-oomd runs"), REFUSED(NO_OOMD) } },
        /* Not settings of their own, but the same holds for them in Property=. */
        { "StartupCPUShares", true, "StartupCPUWeight", { TRANSLATED("cpu.weight", NULL), SYSTEMD("cpu.shares", NULL) } },
        { "StartupAllowedCPUs", true, NULL, { SYSTEMD("cpuset.cpus", NULL), REFUSED("use AllowedCPUs= on this host") } },
        { "StartupAllowedMemoryNodes", true, NULL,
          { SYSTEMD("cpuset.mems", NULL), REFUSED("use AllowedMemoryNodes= on this host") } },
        { "StartupBlockIOWeight", true, "StartupIOWeight",
          { TRANSLATED("io.weight|io.bfq.weight", NULL), SYSTEMD("blkio.bfq.weight|blkio.weight", NULL) } },
        { "DefaultMemoryMin",
          true,
          NULL,
          { SYSTEMD("memory.min", NULL), REFUSED("cgroup v1 cannot keep memory from being reclaimed") } },
        { "DefaultMemoryLow",
          true,
          NULL,
          { SYSTEMD("memory.low", NULL), REFUSED("cgroup v1 cannot keep memory from being reclaimed") } },
};
const size_t resources_count = ELEMENTSOF(resources);

int host_kind(void) {
        struct statfs fs;

        if (statfs("/sys/fs/cgroup", &fs) < 0)
                return negative_errno();
        return fs.f_type == CGROUP2_SUPER_MAGIC ? HOST_UNIFIED : HOST_HYBRID;
}

const Resource *resource_by_name(const char *name) {
        FOREACH_RESOURCE(row)
        if (streq(row->name, name))
                return row;
        return NULL;
}

/* VALUE * TO / FROM to the nearest, within what a weight may be (CGROUP_WEIGHT_MIN and _MAX of the kernel). */
static int scale(const char *value, uint64_t to, uint64_t from, char **ret) {
        uint64_t weight;
        int r = parse_u64(value, &weight);

        if (r < 0)
                return r;
        if (weight > UINT64_MAX / to - from)
                return -ERANGE;
        weight = (weight * to + from / 2) / from;
        weight = weight < 1 ? 1 : weight > 10000 ? 10000 : weight;
        *ret = str_format("%" PRIu64, weight);
        return *ret ? 0 : -ENOMEM;
}

int resource_translate(const Resource *row, const char *value, char **ret) {
        /* The kernel's own: 1024 shares are a weight of 100 (sched_weight_to_cgroup(), kernel/sched/sched.h). */
        if (*value && (streq(row->name, "CPUShares") || streq(row->name, "StartupCPUShares")))
                return scale(value, 100, 1024, ret);
        /* The defaults of both: 500 of CFQ, 100 of IOWeight=. systemd converts the same way. */
        if (*value && (streq(row->name, "BlockIOWeight") || streq(row->name, "StartupBlockIOWeight")))
                return scale(value, 100, 500, ret);

        *ret = strdup(value);
        return *ret ? 0 : -ENOMEM;
}
