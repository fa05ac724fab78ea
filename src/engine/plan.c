/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan.h"

#include <inttypes.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/capability.h>
#include <sys/statfs.h>

#include "label.h"
#include "plan-mounts.h"
#include "plan-namespaces.h"
#include "string-util.h"
#include "strv.h"

/* Device nodes and links of systemd's Container Interface (systemd.io/CONTAINER_INTERFACE). */
static const PlannedNode nodes[] = {
        { "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 }, {},
};
static const PlannedLink links[] = {
        { "ptmx", "pts/ptmx" },         { "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
        { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" }, {},
};

/* For systemd-getty-generator(8) inside. The console, which is opened first, is pts/0, so the first of these is pts/1. */
static char *terminal_names(uint32_t n) {
        char *names = strdup("container_ttys=pts/1");

        for (uint32_t i = 2; i <= n && names; i++) {
                char *longer = str_format("%s pts/%" PRIu32, names, i);

                free(names);
                names = longer;
        }
        return names;
}

static int plan_environment(Plan *plan) {
        int r = strv_append(&plan->environment, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

        if (r >= 0)
                r = strv_append(&plan->environment, "container=berth");
        if (r >= 0 && plan->notify_socket)
                r = strv_append(&plan->environment, "NOTIFY_SOCKET=" RUN_HOST_NOTIFY);
        if (r >= 0 && plan->spec->terminal && !strv_env_get(plan->spec->environment, "TERM"))
                r = strv_append(&plan->environment, "TERM=xterm-256color");
        if (r >= 0 && (plan->spec->set_credential || plan->spec->load_credential))
                r = strv_append(&plan->environment, "CREDENTIALS_DIRECTORY=" CREDENTIALS_PATH);
        if (r >= 0 && plan->spec->terminals > 0 && !strv_env_get(plan->spec->environment, "container_ttys"))
                r = strv_consume(&plan->environment, terminal_names(plan->spec->terminals));
        /* The Container Interface has it in the form of RFC 4122. */
        if (r >= 0 && plan->spec->machine_id) {
                const char *id = plan->spec->machine_id;

                r = strv_consume(&plan->environment,
                                 str_format("container_uuid=%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8, id + 12, id + 16, id + 20));
        }
        STRV_FOREACH(item, plan->spec->environment)
                if (r >= 0)
                        r = strv_append(&plan->environment, *item);
        return r;
}

/* berth's own profile is for applications; a system has its own ideas, and who is privileged was asked for. */
static int plan_label(Plan *plan, const PlanHost *host, Error *error) {
        const Spec *spec = plan->spec;
        const char *profile = spec->apparmor_profile;

        if (profile && !streq(profile, "unconfined") && !host->apparmor)
                return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, "planning the machine", "AppArmorProfile",
                                 "AppArmor is not on: this kernel has none, or was booted without it");
        if (!profile && host->apparmor_profile && !spec->boot && !spec->privileged)
                profile = APPARMOR_PROFILE;
        plan->confinement.labels.apparmor = streq_ptr(profile, "unconfined") ? NULL : profile;

        if ((spec->selinux_context || spec->selinux_apifs_context) && !host->selinux)
                return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, "planning the machine",
                                 spec->selinux_context ? "SELinuxContext" : "SELinuxAPIFSContext",
                                 "SELinux is not on: this kernel has none, or was booted without it");
        plan->confinement.labels.selinux = spec->selinux_context;
        return 0;
}

static int plan_confinement(Plan *plan, const PlanHost *host, Error *error) {
        const Spec *spec = plan->spec;
        const uint64_t wanted = spec_effective_capabilities(spec);

        if (spec->boot && !(wanted & UINT64_C(1) << CAP_SYS_ADMIN))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "planning the machine", "Boot",
                                 "a system can't boot without CAP_SYS_ADMIN, which without a user namespace is the host's: "
                                 "leave PrivateUsers= as it is, or give it with Capability=");

        if (spec->nesting && !(wanted & UINT64_C(1) << CAP_SYS_ADMIN))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "planning the machine", "Nesting",
                                 "machines in a machine take CAP_SYS_ADMIN, which without a user namespace is the host's: "
                                 "leave PrivateUsers= as it is, or give it with Capability=");

        if (spec->ambient_capability & ~wanted)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "planning the machine", "AmbientCapability",
                                 "it has capabilities that the machine does not keep; Capability= keeps them");

        plan->confinement = (Confinement){
                .capabilities = wanted & host->capabilities,
                .ambient = spec->ambient_capability & host->capabilities,
                .no_new_privileges = spec->no_new_privileges,
        };
        plan->filter = (FilterPolicy){
                .none = streq_ptr(spec->seccomp_profile, "unconfined") ||
                        (spec->privileged && !spec->seccomp_profile && !spec->system_call_filter),
                .capabilities = plan->confinement.capabilities,
                .nesting = spec->nesting,
                .profile = spec->seccomp_profile,
                .words = spec->system_call_filter,
        };
        return plan_label(plan, host, error);
}

int plan_make_filter(Plan *plan, const char *directory, Error *error) {
        return filter_obtain(&plan->filter, directory, &plan->confinement.filter, error);
}

int plan_confine_joining(const Plan *plan, uint64_t capabilities, const char *directory, Confinement *ret, Error *error) {
        FilterPolicy policy = plan->filter;
        Confinement confinement = plan->confinement;
        int r;

        /* A capability brings its calls along, and takes them away. */
        policy.capabilities = capabilities;
        r = filter_obtain(&policy, directory, &confinement.filter, error);
        if (r < 0)
                return r;

        confinement.capabilities = capabilities;
        confinement.ambient &= capabilities;
        *ret = confinement;
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
        plan->cgroup_limits = CGROUP_LIMITS_NULL;
        plan->nodes = nodes;
        plan->links = links;
        plan->notify_socket = spec->boot || spec->notify_ready;
        plan->sockets = host->sockets;
        plan->oom_score = spec->oom_score_adjust.set ? spec->oom_score_adjust.value : host->oom_score;
        plan_namespaces(plan, host);
        r = plan_confinement(plan, host, error);
        if (r < 0)
                return r;

        r = plan_mounts(plan, host, error);
        if (r < 0)
                return r;
        if (plan_environment(plan) < 0)
                return error_oom(error);
        if (!host->unified && cgroup_limits_from_spec(spec, &plan->cgroup_limits) < 0)
                return error_oom(error);
        plan_share_mounts(plan);

        *ret = TAKE_PTR(plan);
        return 0;
}

Plan *plan_free(Plan *plan) {
        if (!plan)
                return NULL;
        cgroup_limits_done(&plan->cgroup_limits);
        confinement_done(&plan->confinement);
        strv_free(plan->environment);
        plan_mounts_done(plan);
        free(plan);
        return NULL;
}

int plan_host_read(PlanHost *ret, Error *error) {
        PlanHost host = {};
        struct statfs fs;

        if (statfs("/sys/fs/cgroup", &fs) < 0)
                return error_set_errno(error, negative_errno(), "reading the cgroup version of", "/sys/fs/cgroup");
        host.unified = fs.f_type == CGROUP2_SUPER_MAGIC;

        host.apparmor = label_has_apparmor();
        host.selinux = label_has_selinux();
        host.apparmor_profile = host.apparmor && label_apparmor_is_loaded(APPARMOR_PROFILE);

        for (cap_value_t cap = 0; cap <= CAP_LAST_CAP; cap++)
                if (cap_get_bound(cap) > 0)
                        host.capabilities |= UINT64_C(1) << cap;

        *ret = host;
        return 0;
}
