/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-namespaces.h"

#include <linux/mount.h>
#include <sched.h>

void plan_namespaces(Plan *plan, const PlanHost *host) {
        const Spec *spec = plan->spec;

        plan->namespaces = CLONE_NEWNS;
        for (NamespaceKind kind = NAMESPACE_USER + 1; kind < _NAMESPACE_KIND_MAX; kind++) {
                const NamespaceChoice *choice = &spec->namespaces[kind];

                if (namespace_is_joined(choice))
                        plan->joined |= namespace_kind_flag(kind);
                else if (choice->mode == NAMESPACE_PRIVATE && (kind != NAMESPACE_NET || spec_has_own_network(spec)))
                        plan->namespaces |= namespace_kind_flag(kind);
        }
        if (spec->boottime_offset_usec != 0 || spec->monotonic_offset_usec != 0)
                plan->namespaces |= CLONE_NEWTIME;

        if (spec->private_users.mode == USER_NAMESPACE_NO)
                return;
        plan->has_id_map = true;
        if (spec->private_users.mode == USER_NAMESPACE_JOINED) {
                plan->joined |= CLONE_NEWUSER;
                plan->id_map = host->joined_map;
                return;
        }
        plan->namespaces |= CLONE_NEWUSER;
        plan->id_map = (IdMap){ .inside = 0, .outside = spec->private_users.base, .count = spec->private_users.count };
}

void plan_share_mounts(Plan *plan) {
        const NamespaceChoice *ipc = &plan->spec->namespaces[NAMESPACE_IPC];
        const uint64_t shm_attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
        bool host_cgroups = plan->spec->namespaces[NAMESPACE_CGROUP].mode == NAMESPACE_HOST;

        for (size_t i = 0; i < plan->n_mounts; i++) {
                PlannedMount *m = &plan->mounts[i];

                if (m->given)
                        continue;
                /* POSIX shared memory is files in there (shm_overview(7)). Who has a namespace's file has no such folder. */
                if (streq(m->target, "/dev/shm") && ipc->mode == NAMESPACE_HOST)
                        *m = (PlannedMount){ .kind = MOUNT_HOST_SHM, .target = m->target, .attributes = shm_attributes };
                else if (streq(m->target, "/dev/shm") && ipc->mode == NAMESPACE_MACHINE)
                        *m = (PlannedMount){ .kind = MOUNT_JOINED_SHM, .target = m->target, .attributes = shm_attributes };
                else if (m->kind == MOUNT_CGROUP && host_cgroups)
                        m->kind = MOUNT_HOST_CGROUP;
        }
}
