/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-mounts.h"

#include <inttypes.h>
#include <linux/mount.h>

#include "parse-util.h"
#include "string-util.h"
#include "strv.h"

#define NOSUID_NODEV_NOEXEC (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

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
};

/* Files of the kernel that tell of the host, or change it. */
static const PlannedMount proc_protections[] = {
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

/* A system sets up the network that is its own. */
static const PlannedMount own_network[] = {
        { MOUNT_WRITABLE, "/proc/sys/net", 0, NULL },
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

/* Before what settings mount, which may be below it. */
static const PlannedMount volatile_var[] = {
        { MOUNT_TMPFS, "/var", MOUNT_ATTR_NODEV | MOUNT_ATTR_STRICTATIME, "mode=755" },
};

/* A system inside makes cgroups for its services. */
static const PlannedMount writable_cgroup[] = {
        { MOUNT_CGROUP, "/sys/fs/cgroup", NOSUID_NODEV_NOEXEC, NULL },
};

static const PlannedMount run_host[] = {
        { MOUNT_RUN_HOST, "/run/host", NOSUID_NODEV_NOEXEC | MOUNT_ATTR_RDONLY, "mode=755,size=4m,nr_inodes=1k" },
};

static const PlannedMount credentials[] = {
        { MOUNT_CREDENTIALS, CREDENTIALS_PATH, NOSUID_NODEV_NOEXEC | MOUNT_ATTR_RDONLY, "mode=500,size=16m,nr_inodes=2k" },
};

/* Its options are those of whoever makes it. */
static const PlannedMount incoming[] = {
        { MOUNT_INCOMING, INCOMING_PATH, NOSUID_NODEV_NOEXEC | MOUNT_ATTR_RDONLY, NULL },
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
                [MOUNT_RUN_HOST] = "run-host",
                [MOUNT_CGROUP] = "cgroup",       [MOUNT_BIND] = "bind",
                [MOUNT_OVERLAY] = "overlay",     [MOUNT_HOST_SHM] = "host-shm",
                [MOUNT_JOINED_SHM] = "joined-shm", [MOUNT_HOST_CGROUP] = "host-cgroup",
                [MOUNT_CREDENTIALS] = "credentials", [MOUNT_WRITABLE] = "writable",
                [MOUNT_INCOMING] = "incoming",
        };
        static_assert(ELEMENTSOF(names) == _MOUNT_KIND_MAX, "each kind of mount has a name");

        return names[kind];
}

bool plan_has_mount(const Plan *plan, MountKind kind) {
        for (size_t i = 0; i < plan->n_mounts; i++)
                if (plan->mounts[i].kind == kind)
                        return true;
        return false;
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

/*
 * What a mount was made with is locked for the machine (mount_namespaces(7)), and who remounts it otherwise gets EPERM: as
 * systemd-nspawn does with what it binds from /run. There is nothing to protect: without a real CAP_MKNOD nobody makes a
 * device there, and what a set-user-id program gives is the machine's own.
 */
static void unlock_run(Plan *plan) {
        for (size_t i = 0; i < plan->n_mounts; i++)
                if (streq(plan->mounts[i].target, "/run"))
                        plan->mounts[i].attributes &= ~(uint64_t) (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

/* The protections of the kernel's files, but those that a setting lifts. */
static int add_protections(Plan *plan, const PlannedMount *mounts, size_t n) {
        int r = 0;

        /* A proc or sysfs can only be mounted in there where one is seen whole (mount_namespaces(7), fs_fully_visible). */
        if (plan->spec->nesting)
                return 0;
        for (size_t i = 0; i < n && r >= 0; i++)
                if (!spec_unmasks(plan->spec, mounts[i].target))
                        r = add_mounts(plan, &mounts[i], 1);
        return r;
}

static int add_sys(Plan *plan) {
        PlannedMount sys = *(plan_all_namespaces(plan) & CLONE_NEWNET ? own_sys : host_sys);

        if (spec_unmasks(plan->spec, "/sys"))
                sys.attributes &= ~(uint64_t) MOUNT_ATTR_RDONLY;
        return add_mounts(plan, &sys, 1);
}

#define ADD_MOUNTS(plan, list) add_mounts(plan, list, ELEMENTSOF(list))

/* What settings ask for */

static int tree_mode(Plan *plan, Error *error) {
        const Spec *spec = plan->spec;

        if (spec->volatile_mode != VOLATILE_NO && spec->read_only)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "planning the machine", "Volatile",
                                 "it does not go with ReadOnly=, which it implies for the tree");

        switch (spec->volatile_mode) {
        case VOLATILE_NO:
                plan->tree_mode = spec_has_layer(spec) ? TREE_LAYER
                                  : spec->ephemeral  ? TREE_EPHEMERAL
                                  : spec->read_only  ? TREE_READ_ONLY
                                                       : TREE_WRITABLE;
                return 0;
        case VOLATILE_YES:
                plan->tree_mode = TREE_USR;
                return 0;
        case VOLATILE_STATE:
                plan->tree_mode = TREE_READ_ONLY;
                return ADD_MOUNTS(plan, volatile_var) < 0 ? error_oom(error) : 0;
        case VOLATILE_OVERLAY:
                plan->tree_mode = TREE_EPHEMERAL;
                return 0;
        case _VOLATILE_MODE_MAX:
                break;
        }
        return -EINVAL;
}

static int add_given(Plan *plan, MountSettingKind kind, char *const *texts) {
        STRV_FOREACH(text, texts) {
                MountSetting *grown = reallocarray(plan->given, plan->n_given + 1, sizeof(*grown));
                int r;

                if (!grown)
                        return -ENOMEM;
                plan->given = grown;
                r = mount_setting_parse(kind, *text, &grown[plan->n_given]);
                if (r < 0)
                        return r;
                plan->n_given++;
        }
        return 0;
}

static int collect_given(Plan *plan) {
        const Spec *spec = plan->spec;
        const struct {
                MountSettingKind kind;
                char *const *texts;
        } lists[] = {
                { MOUNT_SETTING_BIND, spec->bind },
                { MOUNT_SETTING_BIND_READ_ONLY, spec->bind_read_only },
                { MOUNT_SETTING_VOLUME, spec->volume },
                { MOUNT_SETTING_TMPFS, spec->temporary_file_system },
                { MOUNT_SETTING_INACCESSIBLE, spec->inaccessible },
                { MOUNT_SETTING_OVERLAY, spec->overlay },
                { MOUNT_SETTING_OVERLAY_READ_ONLY, spec->overlay_read_only },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(lists) && r >= 0; i++)
                r = add_given(plan, lists[i].kind, lists[i].texts);
        return r;
}

/* What contains another comes before it; otherwise the order does not matter, so it is the one of the names. */
static int compare_targets(const void *a, const void *b) {
        return strcmp(((const MountSetting *) a)->target, ((const MountSetting *) b)->target);
}

PlannedMount planned_mount_from_setting(const MountSetting *m) {
        PlannedMount mount = {
                .target = m->target,
                .attributes = m->attributes,
                .options = m->options,
                .sources = m->sources,
                .owners = m->owners,
                .recursive = m->recursive,
                .given = true,
        };

        switch (m->kind) {
        case MOUNT_SETTING_BIND:
        case MOUNT_SETTING_BIND_READ_ONLY:
        case MOUNT_SETTING_VOLUME:
                mount.kind = MOUNT_BIND;
                break;
        case MOUNT_SETTING_TMPFS:
                mount.kind = MOUNT_TMPFS;
                break;
        case MOUNT_SETTING_INACCESSIBLE:
                mount.kind = MOUNT_MASK;
                break;
        case MOUNT_SETTING_OVERLAY_READ_ONLY:
                mount.attributes |= MOUNT_ATTR_RDONLY;
                _fallthrough_;
        case MOUNT_SETTING_OVERLAY:
                mount.kind = MOUNT_OVERLAY;
                break;
        }
        return mount;
}

/* What tmpfs(5) is told: berth's own limits before what is given, where uid= and gid= are the machine's ids. */
static int shift_tmpfs_ids(const Plan *plan, MountSetting *m) {
        _cleanup_strv_free_ char **given = NULL, **list = NULL;
        int r = strv_split(strempty(m->options), ",", &given);

        if (r >= 0)
                r = strv_append(&list, "mode=755,size=10%,nr_inodes=400k");
        STRV_FOREACH(option, given) {
                const char *value = startswith(*option, "uid=") ?: startswith(*option, "gid=");
                uint32_t id = 0;

                if (r >= 0 && value)
                        r = parse_u32(value, &id);
                if (r >= 0 && value && plan->has_id_map && id >= plan->id_map.count)
                        r = -ERANGE;
                if (r >= 0)
                        r = strv_consume(&list,
                                         value ? str_format("%.4s%" PRIu32, *option, plan_root_id(plan) + id) : strdup(*option));
        }
        if (r < 0)
                return r;
        free(m->options);
        m->options = strv_join(list, ",");
        return m->options ? 0 : -ENOMEM;
}

static int plan_given(Plan *plan) {
        int r = collect_given(plan);

        if (r < 0)
                return r;
        /* Two of one target: the first hides the second in the one order and the second the first in the other, so neither is right. */
        if (plan->n_given > 1)
                qsort(plan->given, plan->n_given, sizeof(*plan->given), compare_targets);
        for (size_t i = 1; i < plan->n_given; i++)
                if (streq(plan->given[i - 1].target, plan->given[i].target))
                        return -EEXIST;

        for (size_t i = 0; i < plan->n_given && r >= 0; i++) {
                MountSetting *m = &plan->given[i];
                PlannedMount mount;

                if (m->kind == MOUNT_SETTING_TMPFS)
                        r = shift_tmpfs_ids(plan, m);
                mount = planned_mount_from_setting(m);
                if (r >= 0)
                        r = add_mounts(plan, &mount, 1);
        }
        return r;
}

static const char *repeated_target(const Plan *plan) {
        for (size_t i = 1; i < plan->n_given; i++)
                if (streq(plan->given[i - 1].target, plan->given[i].target))
                        return plan->given[i].target;
        return NULL;
}

/* machined refuses a machine that has a user namespace, and knows none that is not registered. */
static bool machined_may_bind(const Plan *plan) {
        return plan->spec->registered && !(plan_all_namespaces(plan) & CLONE_NEWUSER);
}

int plan_mounts(Plan *plan, const PlanHost *host, Error *error) {
        int r = tree_mode(plan, error);

        if (r < 0)
                return r;
        plan->resolv_conf = plan->spec->resolv_conf == RESOLV_CONF_AUTO ? !(plan_all_namespaces(plan) & CLONE_NEWNET)
                                                                        : plan->spec->resolv_conf != RESOLV_CONF_OFF;
        r = ADD_MOUNTS(plan, common_mounts);
        if (r >= 0 && plan->spec->nesting)
                unlock_run(plan);
        if (r >= 0)
                r = add_protections(plan, proc_protections, ELEMENTSOF(proc_protections));
        /* With nesting nothing of /proc is covered, and this would: mount_namespaces(7), as for the protections. */
        if (r >= 0 && plan->spec->boot && !plan->spec->nesting && plan_all_namespaces(plan) & CLONE_NEWNET &&
            !spec_unmasks(plan->spec, "/proc/sys"))
                r = ADD_MOUNTS(plan, own_network);
        if (r >= 0)
                r = add_sys(plan);
        if (r >= 0)
                r = add_protections(plan, sys_masks, ELEMENTSOF(sys_masks));
        if (r >= 0 && !host->unified)
                r = ADD_MOUNTS(plan, hybrid_cgroup);
        if (r >= 0)
                r = plan->spec->boot || plan->spec->nesting ? ADD_MOUNTS(plan, writable_cgroup) : ADD_MOUNTS(plan, cgroup);
        if (r >= 0 && plan->notify_socket)
                r = ADD_MOUNTS(plan, run_host);
        if (r >= 0 && machined_may_bind(plan))
                r = ADD_MOUNTS(plan, incoming);
        if (r >= 0 && (plan->spec->set_credential || plan->spec->load_credential))
                r = ADD_MOUNTS(plan, credentials);
        if (r >= 0)
                r = plan_given(plan);
        if (r >= 0 && plan->spec->terminal)
                r = ADD_MOUNTS(plan, console);
        if (r == -EEXIST)
                return error_set(error, ERROR_INVALID_VALUE, EEXIST, "planning the machine", repeated_target(plan),
                                 "two settings mount something there");
        if (r == -ERANGE)
                return error_set(error, ERROR_INVALID_VALUE, ERANGE, "planning the machine", "TemporaryFileSystem",
                                 "uid= or gid= is no id that the machine has");
        return r < 0 ? error_oom(error) : 0;
}

void plan_mounts_done(Plan *plan) {
        for (size_t i = 0; i < plan->n_given; i++)
                mount_setting_done(&plan->given[i]);
        free(plan->given);
        free(plan->mounts);
}
