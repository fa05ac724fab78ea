/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan.h"

#include <linux/magic.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/capability.h>
#include <sys/statfs.h>

#include "string-util.h"
#include "strv.h"

#define NOSUID_NODEV_NOEXEC (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* Device nodes and links of systemd's Container Interface (systemd.io/CONTAINER_INTERFACE). */
static const PlannedNode nodes[] = {
        { "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 }, {},
};
static const PlannedLink links[] = {
        { "ptmx", "pts/ptmx" },         { "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
        { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" }, {},
};

/* What every machine has, in order of attachment. */
static const PlannedMount common_mounts[] = {
        { MOUNT_DEV, "/dev", MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME, "mode=755,size=4m,nr_inodes=64k" },
        { MOUNT_DEVPTS, "/dev/pts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, "mode=620,ptmxmode=666" },
        { MOUNT_TMPFS, "/dev/shm", NOSUID_NODEV_NOEXEC | MOUNT_ATTR_STRICTATIME, "mode=1777,size=10%,nr_inodes=400k" },
        { MOUNT_MQUEUE, "/dev/mqueue", NOSUID_NODEV_NOEXEC, NULL },
        { MOUNT_TMPFS, "/run", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_STRICTATIME,
          "mode=755,size=10%,nr_inodes=400k" },
        { MOUNT_TMPFS, "/tmp", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_STRICTATIME, "mode=1777,size=10%,nr_inodes=1m" },
        { MOUNT_PROC, "/proc", NOSUID_NODEV_NOEXEC, NULL },
        { MOUNT_READ_ONLY, "/proc/sys", MOUNT_ATTR_RDONLY, NULL },
        { MOUNT_READ_ONLY, "/proc/sysrq-trigger", MOUNT_ATTR_RDONLY, NULL },
        { MOUNT_READ_ONLY, "/proc/irq", MOUNT_ATTR_RDONLY, NULL },
        { MOUNT_READ_ONLY, "/proc/bus", MOUNT_ATTR_RDONLY, NULL },
        { MOUNT_READ_ONLY, "/proc/fs", MOUNT_ATTR_RDONLY, NULL },
        { MOUNT_MASK, "/proc/kcore", 0, NULL },
        { MOUNT_MASK, "/proc/keys", 0, NULL },
        { MOUNT_MASK, "/proc/timer_list", 0, NULL },
        { MOUNT_MASK, "/proc/latency_stats", 0, NULL },
        { MOUNT_MASK, "/proc/sched_debug", 0, NULL },
        { MOUNT_MASK, "/proc/kallsyms", 0, NULL },
        { MOUNT_MASK, "/proc/scsi", 0, NULL },
        { MOUNT_MASK, "/proc/acpi", 0, NULL },
};

/* With a network of its own the machine gets its own sysfs, with that network's devices in it. */
static const PlannedMount own_sys[] = {
        { MOUNT_SYSFS, "/sys", NOSUID_NODEV_NOEXEC | MOUNT_ATTR_RDONLY, NULL },
};
/* A sysfs of another user namespace's network cannot be mounted (EPERM): the host's is shown. */
static const PlannedMount host_sys[] = {
        { MOUNT_HOST_SYS, "/sys", NOSUID_NODEV_NOEXEC | MOUNT_ATTR_RDONLY, NULL },
};

static const PlannedMount sys_masks[] = {
        { MOUNT_MASK, "/sys/firmware", 0, NULL },
        { MOUNT_MASK, "/sys/devices/virtual/powercap", 0, NULL },
};

/* Where controllers are on cgroup v1, the directory holds one mount per hierarchy. */
static const PlannedMount hybrid_cgroup[] = {
        { MOUNT_TMPFS, "/sys/fs/cgroup", NOSUID_NODEV_NOEXEC, "mode=755,size=64k,nr_inodes=1k" },
};
static const PlannedMount cgroup[] = {
        { MOUNT_CGROUP, "/sys/fs/cgroup", NOSUID_NODEV_NOEXEC | MOUNT_ATTR_RDONLY, NULL },
};

static const PlannedMount console[] = {
        { MOUNT_CONSOLE, "/dev/console", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, NULL },
};

const char *mount_kind_name(MountKind kind) {
        static const char *const names[] = {
                [MOUNT_TMPFS] = "tmpfs",         [MOUNT_DEV] = "dev",
                [MOUNT_DEVPTS] = "devpts",       [MOUNT_CONSOLE] = "console",
                [MOUNT_PROC] = "proc",           [MOUNT_SYSFS] = "sysfs",
                [MOUNT_MQUEUE] = "mqueue",       [MOUNT_HOST_SYS] = "host-sys",
                [MOUNT_READ_ONLY] = "read-only", [MOUNT_MASK] = "mask",
                [MOUNT_CGROUP] = "cgroup",
        };
        static_assert(ELEMENTSOF(names) == _MOUNT_KIND_MAX, "each kind of mount has a name");

        return names[kind];
}

static int add_mounts(Plan *plan, const PlannedMount *mounts, size_t n) {
        PlannedMount *grown = reallocarray(plan->mounts, plan->n_mounts + n, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        memcpy(grown + plan->n_mounts, mounts, n * sizeof(*mounts));
        plan->mounts = grown;
        plan->n_mounts += n;
        return 0;
}

#define ADD_MOUNTS(plan, list) add_mounts(plan, list, ELEMENTSOF(list))

static int plan_mounts(Plan *plan, const PlanHost *host) {
        int r = ADD_MOUNTS(plan, common_mounts);

        if (r >= 0)
                r = plan->spec->private_network ? ADD_MOUNTS(plan, own_sys) : ADD_MOUNTS(plan, host_sys);
        if (r >= 0)
                r = ADD_MOUNTS(plan, sys_masks);
        if (r >= 0 && !host->unified)
                r = ADD_MOUNTS(plan, hybrid_cgroup);
        if (r >= 0)
                r = ADD_MOUNTS(plan, cgroup);
        if (r >= 0 && plan->spec->terminal)
                r = ADD_MOUNTS(plan, console);
        return r;
}

static void plan_namespaces(Plan *plan) {
        const Spec *spec = plan->spec;

        plan->namespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWCGROUP;
        if (spec->private_network)
                plan->namespaces |= CLONE_NEWNET;
        if (spec->boottime_offset_usec != 0 || spec->monotonic_offset_usec != 0)
                plan->namespaces |= CLONE_NEWTIME;

        if (spec->private_users.mode == USER_NAMESPACE_NO)
                return;
        plan->namespaces |= CLONE_NEWUSER;
        plan->has_id_map = true;
        plan->id_map = (IdMap){ .inside = 0, .outside = spec->private_users.base, .count = spec->private_users.count };
}

static int plan_environment(Plan *plan) {
        int r = strv_append(&plan->environment, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

        if (r >= 0)
                r = strv_append(&plan->environment, "container=berth");
        if (r >= 0 && plan->spec->terminal && !strv_env_get(plan->spec->environment, "TERM"))
                r = strv_append(&plan->environment, "TERM=xterm-256color");
        STRV_FOREACH(item, plan->spec->environment)
                if (r >= 0)
                        r = strv_append(&plan->environment, *item);
        return r;
}

static int plan_confinement(Plan *plan, const PlanHost *host, Error *error) {
        const Spec *spec = plan->spec;
        const uint64_t wanted = spec_effective_capabilities(spec);

        if (spec->ambient_capability & ~wanted)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "planning the machine", "AmbientCapability",
                                 "it has capabilities that the machine does not keep; Capability= keeps them");

        plan->confinement = (Confinement){
                .capabilities = wanted & host->capabilities,
                .ambient = spec->ambient_capability & host->capabilities,
                .no_new_privileges = spec->no_new_privileges,
        };
        return 0;
}

int plan_new(const Spec *spec, const PlanHost *host, Plan **ret, Error *error) {
        _cleanup_plan_ Plan *plan = NULL;
        int r;

        if (!spec_is_resolved(spec))
                return error_set(error, ERROR_FAILED, EINVAL, "planning the machine", spec->name, "the spec is not resolved");

        plan = calloc(1, sizeof(*plan));
        if (!plan)
                return error_oom(error);

        plan->spec = spec;
        plan->nodes = nodes;
        plan->links = links;
        plan->tree_mode = spec->ephemeral ? TREE_EPHEMERAL : spec->read_only ? TREE_READ_ONLY : TREE_WRITABLE;
        plan_namespaces(plan);
        r = plan_confinement(plan, host, error);
        if (r < 0)
                return r;

        if (plan_mounts(plan, host) < 0 || plan_environment(plan) < 0)
                return error_oom(error);

        *ret = TAKE_PTR(plan);
        return 0;
}

Plan *plan_free(Plan *plan) {
        if (!plan)
                return NULL;
        strv_free(plan->environment);
        free(plan->mounts);
        free(plan);
        return NULL;
}

int plan_host_read(PlanHost *ret, Error *error) {
        PlanHost host = {};
        struct statfs fs;

        if (statfs("/sys/fs/cgroup", &fs) < 0)
                return error_set_errno(error, negative_errno(), "reading the cgroup version of", "/sys/fs/cgroup");
        host.unified = fs.f_type == CGROUP2_SUPER_MAGIC;

        for (cap_value_t cap = 0; cap <= CAP_LAST_CAP; cap++)
                if (cap_get_bound(cap) > 0)
                        host.capabilities |= UINT64_C(1) << cap;

        *ret = host;
        return 0;
}
