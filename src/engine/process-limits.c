/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "process-limits.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/oom.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file-util.h"
#include "personality.h"
#include "setting.h"
#include "string-util.h"

static const char step[] = "setting the limit";

static const char *limit_name(unsigned resource) {
        const Setting *s = setting_of_limit(resource);

        return s ? s->name : NULL;
}

static int raise_failed(unsigned resource, uint64_t most, Error *error) {
        if (errno != EPERM)
                return error_set_errno(error, negative_errno(), step, limit_name(resource));
        if (most == UINT64_MAX)
                return error_set(error, ERROR_LIMIT_REACHED, EPERM, step, limit_name(resource),
                                 "it is more than the kernel allows anybody");
        return error_set(error, ERROR_LIMIT_REACHED, EPERM, step, limit_name(resource),
                         "the most is %" PRIu64 " here: berth would need CAP_SYS_RESOURCE to raise it", most);
}

/* Only the hard one: a soft one that is in force already could stop the leader from getting ready. */
static int grant_limit(unsigned resource, const Limit *limit, pid_t child, Error *error) {
        struct rlimit now;

        if (prlimit(child, resource, NULL, &now) < 0)
                return error_set_errno(error, negative_errno(), step, limit_name(resource));
        if (limit->hard <= now.rlim_max)
                return 0;
        if (prlimit(child, resource, &(struct rlimit){ .rlim_cur = now.rlim_cur, .rlim_max = limit->hard }, NULL) < 0)
                return raise_failed(resource, now.rlim_max, error);
        return 0;
}

int oom_score_set(int score) {
        char value[sizeof("-1000")];

        (void) snprintf(value, sizeof(value), "%i", score);
        return file_write_value(AT_FDCWD, "/proc/self/oom_score_adj", value);
}

int oom_score_shelter(int *ret_before) {
        _cleanup_free_ char *line = NULL;
        OomScore before;
        int r = file_read_line(AT_FDCWD, "/proc/self/oom_score_adj", &line);

        if (r >= 0)
                r = type_oom_score.parse(&before, line);
        if (r < 0)
                return r;
        *ret_before = before.value;
        r = oom_score_set(OOM_SCORE_ADJ_MIN);
        return r == -EACCES ? 0 : r;
}

/* proc(5): lower than what a privileged process once set takes CAP_SYS_RESOURCE. */
static int grant_oom_score(int score, const PidRef *process, Error *error) {
        _cleanup_free_ char *path = str_format("/proc/%i/oom_score_adj", process->pid), *value = str_format("%i", score);
        int r;

        if (!path || !value)
                return error_oom(error);
        r = file_write_value(AT_FDCWD, path, value);
        if (r == -EACCES)
                return error_set(error, ERROR_LIMIT_REACHED, EACCES, "setting", "OOMScoreAdjust",
                                 "berth would need CAP_SYS_RESOURCE to go down to %i here", score);
        return r < 0 ? error_set_errno(error, r, "setting", "OOMScoreAdjust") : 0;
}

int limits_grant(const Plan *plan, const PidRef *process, pid_t child, Error *error) {
        const Spec *spec = plan->spec;
        int r = 0;

        for (unsigned i = 0; i < RLIMIT_NLIMITS && r >= 0; i++)
                if (spec->limits[i].set)
                        r = grant_limit(i, &spec->limits[i], child, error);
        return r < 0 ? r : grant_oom_score(plan->oom_score, process, error);
}

/* The service manager's own limits are not the payload's: this is systemd's default for services. */
static int limit_files(Error *error) {
        enum { FILES = 1024 };
        struct rlimit files;

        if (getrlimit(RLIMIT_NOFILE, &files) < 0)
                return error_set_errno(error, negative_errno(), step, "LimitNOFILE");
        if (files.rlim_max > FILES)
                files.rlim_cur = FILES;
        return setrlimit(RLIMIT_NOFILE, &files) < 0 ? error_set_errno(error, negative_errno(), step, "LimitNOFILE") : 0;
}

static bool cpu_set_is_empty(const CpuSet *set) {
        static const CpuSet empty;

        return memcmp(set, &empty, sizeof(empty)) == 0;
}

/* By the call itself: the wrapper's sets are of one size, ours of another. */
static int apply_cpus(const CpuSet *cpus, Error *error) {
        if (cpu_set_is_empty(cpus))
                return 0;
        if (syscall(SYS_sched_setaffinity, 0, sizeof(cpus->bits), cpus->bits) >= 0)
                return 0;
        return errno == EINVAL ? error_set(error, ERROR_INVALID_VALUE, EINVAL, "setting", "CPUAffinity",
                                           "none of these CPUs is there, or open to the machine's cgroup")
                               : error_set_errno(error, negative_errno(), "setting", "CPUAffinity");
}

int limits_apply(const Plan *plan, Error *error) {
        const Spec *spec = plan->spec;
        unsigned long domain;
        int r = apply_cpus(&spec->cpu_affinity, error);

        if (r >= 0 && spec->personality && personality_from_name(spec->personality, &domain) >= 0 && personality(domain) < 0)
                r = error_set_errno(error, negative_errno(), "setting", "Personality");
        if (r >= 0 && !spec->limits[RLIMIT_NOFILE].set)
                r = limit_files(error);

        for (unsigned i = 0; i < RLIMIT_NLIMITS && r >= 0; i++) {
                const Limit *limit = &spec->limits[i];

                if (limit->set && setrlimit(i, &(struct rlimit){ .rlim_cur = limit->soft, .rlim_max = limit->hard }) < 0)
                        r = error_set_errno(error, negative_errno(), step, limit_name(i));
        }
        return r;
}
