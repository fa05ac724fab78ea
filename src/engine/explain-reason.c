/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a refused call to the setting that would grant it: the filter, a cover, a device, or a capability. */

#include <netinet/in.h>
#include <sys/capability.h>
#include <sys/socket.h>

#include "explain.h"
#include "filter-lists.h"
#include "string-util.h"
#include "strv.h"

/* The capability that a call may want where its arguments ask for more than anybody may do (capabilities(7)). */
static const struct {
        const char *name;
        cap_value_t capability;
} wanted[] = {
        { "acct", CAP_SYS_PACCT },
        { "adjtimex", CAP_SYS_TIME },
        { "bind", CAP_NET_BIND_SERVICE },
        { "bpf", CAP_BPF },
        { "chmod", CAP_FOWNER },
        { "chown", CAP_CHOWN },
        { "chroot", CAP_SYS_CHROOT },
        { "clock_adjtime", CAP_SYS_TIME },
        { "clock_settime", CAP_SYS_TIME },
        { "clone", CAP_SYS_ADMIN },
        { "delete_module", CAP_SYS_MODULE },
        { "fchmod", CAP_FOWNER },
        { "fchmodat", CAP_FOWNER },
        { "fchown", CAP_CHOWN },
        { "fchownat", CAP_CHOWN },
        { "finit_module", CAP_SYS_MODULE },
        { "init_module", CAP_SYS_MODULE },
        { "ioctl", CAP_SYS_ADMIN },
        { "ioperm", CAP_SYS_RAWIO },
        { "iopl", CAP_SYS_RAWIO },
        { "kexec_load", CAP_SYS_BOOT },
        { "kill", CAP_KILL },
        { "lchown", CAP_CHOWN },
        { "mknod", CAP_MKNOD },
        { "mknodat", CAP_MKNOD },
        { "mlock", CAP_IPC_LOCK },
        { "mlockall", CAP_IPC_LOCK },
        { "mount", CAP_SYS_ADMIN },
        { "nice", CAP_SYS_NICE },
        { "open_by_handle_at", CAP_DAC_READ_SEARCH },
        { "perf_event_open", CAP_PERFMON },
        { "pivot_root", CAP_SYS_ADMIN },
        { "prlimit64", CAP_SYS_RESOURCE },
        { "process_vm_readv", CAP_SYS_PTRACE },
        { "process_vm_writev", CAP_SYS_PTRACE },
        { "ptrace", CAP_SYS_PTRACE },
        { "reboot", CAP_SYS_BOOT },
        { "sched_setattr", CAP_SYS_NICE },
        { "sched_setscheduler", CAP_SYS_NICE },
        { "setdomainname", CAP_SYS_ADMIN },
        { "setgid", CAP_SETGID },
        { "setgroups", CAP_SETGID },
        { "sethostname", CAP_SYS_ADMIN },
        { "setns", CAP_SYS_ADMIN },
        { "setpriority", CAP_SYS_NICE },
        { "setregid", CAP_SETGID },
        { "setresgid", CAP_SETGID },
        { "setresuid", CAP_SETUID },
        { "setreuid", CAP_SETUID },
        { "setrlimit", CAP_SYS_RESOURCE },
        { "setsockopt", CAP_NET_ADMIN },
        { "settimeofday", CAP_SYS_TIME },
        { "setuid", CAP_SETUID },
        { "swapoff", CAP_SYS_ADMIN },
        { "swapon", CAP_SYS_ADMIN },
        { "syslog", CAP_SYSLOG },
        { "tkill", CAP_KILL },
        { "umount2", CAP_SYS_ADMIN },
        { "unshare", CAP_SYS_ADMIN },
        { "vhangup", CAP_SYS_TTY_CONFIG },
};

/* The capability that opens a call of the filter, or -1. Groups in those lists are taken apart. */
static bool words_have(const char *text, const char *name) {
        _cleanup_strv_free_ char **words = NULL;

        if (strv_split(text, " ", &words) < 0)
                return false;
        STRV_FOREACH(word, words) {
                const FilterGroup *group = **word == '@' ? filter_group_find(*word) : NULL;

                if (streq(*word, name) || (group && words_have(group->words, name)))
                        return true;
        }
        return false;
}

static cap_value_t capability_of_filter(const char *name) {
        for (cap_value_t cap = 0; cap <= CAP_LAST_CAP; cap++) {
                size_t position = 0;
                const char *words = filter_capability_words(UINT64_C(1) << cap, &position);

                if (words && words_have(words, name))
                        return cap;
        }
        return -1;
}

static cap_value_t capability_of_call(const RefusedCall *call) {
        if (!call->name)
                return -1;
        if (streq(call->name, "socket"))
                return call->data.args[0] == AF_PACKET || (call->data.args[1] & 0xf) == SOCK_RAW ? CAP_NET_RAW : -1;
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++)
                if (streq(wanted[i].name, call->name))
                        return wanted[i].capability;
        return -1;
}

static char *capability_setting(const char *why, cap_value_t cap) {
        char *name = cap_to_name(cap), *upper = name ? strdup(name) : NULL, *text = NULL;

        cap_free(name);
        for (char *p = upper; p && *p; p++)
                *p = *p >= 'a' && *p <= 'z' ? (char) (*p - 'a' + 'A') : *p;
        if (upper)
                text = str_format("%s: Capability=%s", why, upper);
        free(upper);
        return text;
}

/* What berth has put over a path of the machine; NULL where nothing is there. */
static const PlannedMount *cover_of(const Plan *plan, const char *path) {
        const PlannedMount *found = NULL;

        for (size_t i = 0; path && i < plan->n_mounts; i++) {
                const PlannedMount *m = plan->mounts + i;
                const char *rest = startswith(path, m->target);

                if ((m->kind == MOUNT_MASK || m->kind == MOUNT_READ_ONLY) && rest && (!*rest || *rest == '/'))
                        found = m;
        }
        return found;
}

static bool is_denied(const Confinement *confinement, const RefusedCall *call) {
        return confinement->filter.n > 0 && filter_evaluate(&confinement->filter, &call->data) != SECCOMP_RET_ALLOW;
}

static bool depends_on_arguments(const Confinement *confinement, const RefusedCall *call) {
        const struct seccomp_data plain = { .nr = call->data.nr, .arch = call->data.arch };

        return filter_evaluate(&confinement->filter, &plain) == SECCOMP_RET_ALLOW;
}

static char *filter_setting(const Confinement *confinement, const RefusedCall *call) {
        cap_value_t cap = call->name ? capability_of_filter(call->name) : -1;

        if (!call->name)
                return strdup("neither this kernel nor the system call filter knows it");
        if (cap >= 0 && !(confinement->capabilities & UINT64_C(1) << cap))
                return capability_setting("the system call filter denies it without its capability", cap);
        return str_format("the system call filter denies it%s: SystemCallFilter=%s",
                          depends_on_arguments(confinement, call) ? " with these arguments" : "", call->name);
}

bool explain_concerns(const Plan *plan, const RefusedCall *call) {
        const PlannedMount *cover = cover_of(plan, call->path);

        switch (call->error) {
        case EPERM:
        case EACCES:
        case ENOSYS:
                return true;
        case EROFS:
                return cover;
        case ENOENT:
                return call->path && startswith(call->path, "/dev/");
        default:
                return false;
        }
}

char *explain_reason(const Plan *plan, const Confinement *confinement, const RefusedCall *call) {
        const PlannedMount *cover = cover_of(plan, call->path);
        cap_value_t cap = capability_of_call(call);

        if (is_denied(confinement, call))
                return filter_setting(confinement, call);
        if (call->error == ENOSYS)
                return strdup("this kernel does not have it: no setting helps");
        if (cover)
                return str_format("%s is %s: --security-opt unmask=%s", cover->target,
                                  cover->kind == MOUNT_MASK ? "masked" : "read-only", cover->target);
        if (call->path && startswith(call->path, "/dev/"))
                return str_format("the machine does not have the device: Device=%s", call->path);
        if (cap >= 0 && !(confinement->capabilities & UINT64_C(1) << cap))
                return capability_setting("a capability is missing", cap);
        return NULL;
}
