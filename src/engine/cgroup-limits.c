/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup-limits.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "block-device.h"
#include "fd-util.h"
#include "file-util.h"
#include "parse-util.h"
#include "resource.h"
#include "string-util.h"
#include "strv.h"

static const char step[] = "setting the limit";

void cgroup_limits_done(CgroupLimits *limits) {
        free(limits->cpus);
        free(limits->nodes);
        strv_free(limits->read_iops);
        strv_free(limits->write_iops);
        *limits = CGROUP_LIMITS_NULL;
}

/* Bytes, or a percentage of the host's memory, as systemd has it. */
static int parse_memory(const char *text, uint64_t *ret) {
        uint64_t pages = (uint64_t) sysconf(_SC_PHYS_PAGES), size = (uint64_t) sysconf(_SC_PAGESIZE);
        uint32_t permyriad;

        if (parse_permyriad(text, /* above= */ false, &permyriad) < 0)
                return parse_size(text, ret);
        *ret = pages * permyriad / 10000 * size;
        return 0;
}

int cgroup_limits_from_spec(const Spec *spec, CgroupLimits *ret) {
        _cleanup_cgroup_limits_ CgroupLimits limits = CGROUP_LIMITS_NULL;
        int r = 0;

        /* A percentage is of systemd's own reckoning. */
        if (!spec->memory_max)
                limits.memory_max = LIMIT_NONE;
        else if (!strchr(spec->memory_max, '%'))
                r = parse_size(spec->memory_max, &limits.memory_max);
        if (r >= 0 && spec->memory_swap_max)
                r = parse_memory(spec->memory_swap_max, &limits.memory_swap_max);
        if (r >= 0 && spec->memory_low)
                r = parse_memory(spec->memory_low, &limits.memory_low);
        if (r >= 0)
                r = str_replace(&limits.cpus, spec->allowed_cpus);
        if (r >= 0)
                r = str_replace(&limits.nodes, spec->allowed_memory_nodes);
        if (r < 0)
                return r;
        limits.read_iops = strv_copy(spec->io_read_iops_max);
        limits.write_iops = strv_copy(spec->io_write_iops_max);
        if (!limits.read_iops || !limits.write_iops)
                return -ENOMEM;

        *ret = limits;
        limits = CGROUP_LIMITS_NULL;
        return 0;
}

bool cgroup_limits_are_empty(const CgroupLimits *limits) {
        return limits->memory_swap_max == LIMIT_NONE && limits->memory_low == 0 && !limits->cpus && !limits->nodes &&
               strv_length(limits->read_iops) == 0 && strv_length(limits->write_iops) == 0;
}

static int write_limit(int dir, const char *file, const char *value, Error *error) {
        int r = dir < 0 ? -ENOENT : file_write_value(dir, file, value);

        if (r == -ENOENT)
                return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, step, file, "this kernel has no such limit");
        return r < 0 ? error_set_errno(error, r, step, file) : 0;
}

/* cgroup v1 writes no limit as -1. */
static int write_bytes(int dir, const char *file, uint64_t bytes, Error *error) {
        char value[24] = "-1";

        if (bytes != LIMIT_NONE)
                (void) snprintf(value, sizeof(value), "%" PRIu64, bytes);
        return write_limit(dir, file, value, error);
}

/* Memory */

static int read_bytes(int dir, const char *file, uint64_t *ret) {
        _cleanup_free_ char *text = NULL;
        int r = file_read_line(dir, file, &text);

        return r < 0 ? r : parse_u64(text, ret);
}

/*
 * The limit on the sum must never be below the one on memory alone, whichever is written first: so it is lifted, and set
 * again behind the other. systemd, which knows of the latter only, fails to raise it where the sum is in its way.
 */
static int apply_memory(const Cgroup *cgroup, const CgroupLimits *limits, bool live, Error *error) {
        static const char memory_file[] = "memory.limit_in_bytes", sum_file[] = "memory.memsw.limit_in_bytes";
        const int *slot = cgroup_controller((Cgroup *) cgroup, "memory");
        uint64_t memory = limits->memory_max, sum;
        int r = 0;

        if (!slot || !cgroup->is_unit[slot - cgroup->controllers])
                return limits->memory_swap_max == LIMIT_NONE && limits->memory_low == 0
                               ? 0
                               : write_limit(-EBADF, memory_file, "", error);
        if (live) {
                r = faccessat(cgroup->memory, sum_file, F_OK, 0) < 0 ? 0
                                                                     : write_bytes(cgroup->memory, sum_file, LIMIT_NONE, error);
                if (r >= 0 && memory != LIMIT_AS_IS)
                        r = write_bytes(cgroup->memory, memory_file, memory, error);
                if (r >= 0)
                        r = write_bytes(cgroup->memory, "memory.soft_limit_in_bytes",
                                        limits->memory_low > 0 ? limits->memory_low : LIMIT_NONE, error);
        } else if (limits->memory_low > 0)
                r = write_bytes(cgroup->memory, "memory.soft_limit_in_bytes", limits->memory_low, error);
        if (r < 0 || limits->memory_swap_max == LIMIT_NONE)
                return r;

        r = read_bytes(cgroup->memory, memory_file, &memory);
        if (r < 0)
                return error_set_errno(error, r, step, memory_file);
        if (__builtin_add_overflow(memory, limits->memory_swap_max, &sum) || memory >= INT64_MAX / 2)
                return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, step, "MemorySwapMax",
                                 "cgroup v1 limits the sum of memory and swap, so MemoryMax= is needed with it");
        return write_bytes(cgroup->memory, sum_file, sum, error);
}

/* CPUs and memory nodes */

static char *cpuset_name(const char *machine) {
        return str_format("berth-%s.scope", machine);
}

/* A new cgroup of cpuset has no CPU and no node, and takes nobody before it has. */
static int inherit(int parent, int child, const char *file, Error *error) {
        _cleanup_free_ char *effective = str_format("cpuset.effective_%s", file), *own = str_format("cpuset.%s", file);
        _cleanup_free_ char *value = NULL;
        int r;

        if (!effective || !own)
                return error_oom(error);
        r = file_read_line(parent, effective, &value);
        return r < 0 ? error_set_errno(error, r, step, effective) : write_limit(child, own, value, error);
}

static int make_cpuset(Cgroup *cgroup, const char *machine, Error *error) {
        _cleanup_free_ char *name = cpuset_name(machine);
        int *slot = cgroup_controller(cgroup, "cpuset"), r;
        _cleanup_close_ int child = -EBADF;

        if (!name)
                return error_oom(error);
        if (!slot)
                return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, step, "AllowedCPUs",
                                 "the controller cpuset is not there");
        if (cgroup->cpuset)
                return 0;

        if (mkdirat(*slot, name, 0755) < 0 && errno != EEXIST)
                return error_set_errno(error, negative_errno(), "making the cpuset cgroup", name);
        child = openat(*slot, name, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (child < 0)
                return error_set_errno(error, negative_errno(), "opening the cpuset cgroup", name);
        r = inherit(*slot, child, "cpus", error);
        if (r >= 0)
                r = inherit(*slot, child, "mems", error);
        if (r < 0)
                return r;

        /* From now on whoever joins the machine joins this one. */
        cgroup->cpuset_parent = *slot;
        *slot = TAKE_FD(child);
        cgroup->is_unit[slot - cgroup->controllers] = cgroup->cpuset = true;
        return 0;
}

static int set_cpus(Cgroup *cgroup, const char *file, const char *value, Error *error) {
        int child = *cgroup_controller(cgroup, "cpuset");
        _cleanup_free_ char *own = str_format("cpuset.%s", file);

        if (!own)
                return error_oom(error);
        return value ? write_limit(child, own, value, error) : inherit(cgroup->cpuset_parent, child, file, error);
}

static int apply_cpus(Cgroup *cgroup, const char *machine, const CgroupLimits *limits, Error *error) {
        int r;

        if (!limits->cpus && !limits->nodes && !cgroup->cpuset)
                return 0;
        r = make_cpuset(cgroup, machine, error);
        if (r >= 0)
                r = set_cpus(cgroup, "cpus", limits->cpus, error);
        return r < 0 ? r : set_cpus(cgroup, "mems", limits->nodes, error);
}

void cgroup_limits_release(Cgroup *cgroup, const char *machine) {
        _cleanup_free_ char *name = cpuset_name(machine);

        if (cgroup->cpuset)
                (void) file_write_value(cgroup->cpuset_parent, "cgroup.procs", "0");
        /* What is still dying in it keeps it: the manager looks again when it collects the machine. */
        if (cgroup->cpuset && name)
                (void) unlinkat(cgroup->cpuset_parent, name, AT_REMOVEDIR);
}

/* IO operations: systemd sets bandwidths only */

/* Lines "MAJOR:MINOR NUMBER" of devices that have a limit now: 0 takes it back. */
static int lift_iops(int dir, const char *file, Error *error) {
        _cleanup_strv_free_ char **lines = NULL;
        _cleanup_free_ char *text = NULL;
        int r = file_read_at(dir, file, FILE_MAX_DEFAULT, &text, NULL);

        if (r < 0 || strv_split(text, "\n", &lines) < 0)
                return 0;
        STRV_FOREACH(line, lines) {
                _cleanup_free_ char *value = str_format("%.*s 0", (int) strcspn(*line, " "), *line);

                r = value ? write_limit(dir, file, value, error) : error_oom(error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int set_iops(int dir, const char *file, const char *item, Error *error) {
        _cleanup_free_ char *path = NULL, *value = NULL;
        const char *rest;
        uint64_t number;
        dev_t device;
        int r = parse_device_and_rest(item, &path, &rest);

        if (r >= 0)
                r = parse_size_si(rest, &number);
        if (r >= 0)
                r = block_device_of(path, &device);
        if (r < 0)
                return error_set_errno(error, r, step, item);

        /* The kernel's field has 32 bits; 0 is no limit. */
        if (number > UINT32_MAX)
                number = 0;
        value = str_format("%u:%u %" PRIu64, major(device), minor(device), number);
        return value ? write_limit(dir, file, value, error) : error_oom(error);
}

static int apply_iops(Cgroup *cgroup, const char *file, char *const *items, bool live, Error *error) {
        int *slot = cgroup_controller(cgroup, "blkio"), r = 0;

        if (!slot || !cgroup->is_unit[slot - cgroup->controllers])
                /* While it runs, systemd may not have come to make it yet: then it is looked for again. */
                return live || strv_length(items) == 0 ? 0 : write_limit(-EBADF, file, "", error);
        if (live)
                r = lift_iops(*slot, file, error);
        STRV_FOREACH(item, items)
                if (r >= 0)
                        r = set_iops(*slot, file, *item, error);
        return r;
}

static int apply(Cgroup *cgroup, const char *machine, const CgroupLimits *limits, bool live, Error *error) {
        int r = apply_memory(cgroup, limits, live, error);

        if (r >= 0)
                r = apply_cpus(cgroup, machine, limits, error);
        if (r >= 0)
                r = apply_iops(cgroup, "blkio.throttle.read_iops_device", limits->read_iops, live, error);
        if (r >= 0)
                r = apply_iops(cgroup, "blkio.throttle.write_iops_device", limits->write_iops, live, error);
        return r;
}

int cgroup_limits_apply(Cgroup *cgroup, const char *machine, const CgroupLimits *limits, Error *error) {
        int r = cgroup_limits_are_empty(limits) ? 0 : apply(cgroup, machine, limits, /* live= */ false, error);

        /* Ourselves as well: what joins the payload later is a child of ours. */
        if (r >= 0 && cgroup->cpuset)
                r = file_write_value(*cgroup_controller(cgroup, "cpuset"), "cgroup.procs", "0");
        return r < 0 ? error_set_errno(error, r, "moving the supervisor into the cgroup", machine) : 0;
}

int cgroup_limits_apply_live(Cgroup *cgroup, const char *machine, const CgroupLimits *limits, Error *error) {
        bool fresh = !cgroup->cpuset;
        int r = cgroup_refresh(cgroup, error);

        if (r >= 0)
                r = apply(cgroup, machine, limits, /* live= */ true, error);
        /* Into a cpuset only now: before it was set up it takes nobody. */
        if (r >= 0 && fresh && cgroup->cpuset)
                r = cgroup_gather(cgroup, *cgroup_controller(cgroup, "cpuset"), error);
        return r;
}

/* Looking whether the kernel has what systemd was told */

static bool has_file(const Cgroup *cgroup, HostKind host, const char *file) {
        _cleanup_free_ char *controller = strndup(file, strcspn(file, "."));
        const int *slot;
        int dir;

        if (!controller)
                return false;
        slot = host == HOST_HYBRID ? cgroup_controller((Cgroup *) cgroup, controller) : NULL;
        if (slot && !cgroup->is_unit[slot - cgroup->controllers])
                return false;
        dir = host == HOST_UNIFIED ? cgroup->unit[cgroup->n - 1] : slot ? *slot : -EBADF;
        return dir >= 0 && faccessat(dir, file, F_OK, 0) >= 0;
}

static int verify(const Cgroup *cgroup, HostKind host, const Resource *row, Error *error) {
        _cleanup_strv_free_ char **files = NULL;

        if (!row->ways[host].files)
                return 0;
        if (strv_split(row->ways[host].files, "|", &files) < 0)
                return error_oom(error);
        STRV_FOREACH(file, files)
                if (has_file(cgroup, host, *file))
                        return 0;
        return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, "setting the unit property", row->name,
                         "this kernel has no %s, so nothing would come of it", files[0]);
}

/* The kernel takes weights of a device only where iocost or bfq is on for it, and systemd goes on without (6.1, 252). */
static int verify_device_weight(const Cgroup *cgroup, const char *item, Error *error) {
        static const char *const files[] = { "io.weight", "io.bfq.weight" };
        _cleanup_free_ char *path = NULL, *line = NULL;
        const char *rest;
        dev_t device;
        int r = parse_device_and_rest(item, &path, &rest);

        if (r >= 0)
                r = block_device_of(path, &device);
        if (r < 0)
                return error_set_errno(error, r, step, item);
        line = str_format("\n%u:%u ", major(device), minor(device));
        if (!line)
                return error_oom(error);
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                _cleanup_free_ char *text = NULL;

                if (file_read_at(cgroup->unit[cgroup->n - 1], files[i], FILE_MAX_DEFAULT, &text, NULL) >= 0 && strstr(text, line))
                        return 0;
        }
        return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, "setting the unit property", "IODeviceWeight",
                         "neither iocost nor bfq is on for '%s', so nothing would come of it", path);
}

int cgroup_limits_verify_one(const Cgroup *cgroup, const char *property, Error *error) {
        _cleanup_free_ char *name = strndup(property, strcspn(property, "="));
        const Resource *row = name ? resource_by_name(name) : NULL;
        int host = row ? host_kind() : 0, r;

        /* It allows all, for which systemd makes no cgroup of devices. */
        if (streq(property, "DevicePolicy=auto"))
                return 0;
        r = row && host >= 0 ? verify(cgroup, (HostKind) host, row, error) : 0;

        if (r < 0 || !row || host != HOST_UNIFIED || !property[strlen(name)] || !streq(name, "IODeviceWeight"))
                return r;
        return verify_device_weight(cgroup, property + strlen(name) + 1, error);
}

int cgroup_limits_verify(const Cgroup *cgroup, const Spec *spec, Error *error) {
        int r;

        FOREACH_SETTING(s) {
                bool allows_all = streq(s->name, "DevicePolicy") && streq_ptr(spec->device_policy, "auto");

                r = s->section == SECTION_RESOURCES && setting_is_assigned(s, spec) && !allows_all
                            ? cgroup_limits_verify_one(cgroup, s->name, error)
                            : 0;
                if (r < 0)
                        return r;
        }
        STRV_FOREACH(item, host_kind() == HOST_UNIFIED ? spec->io_device_weight : NULL) {
                r = verify_device_weight(cgroup, *item, error);
                if (r < 0)
                        return r;
        }
        STRV_FOREACH(p, spec->property) {
                r = cgroup_limits_verify_one(cgroup, *p, error);
                if (r < 0)
                        return r;
        }
        return 0;
}
