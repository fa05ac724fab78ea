/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * CgroupLimits that systemd takes and does not set where the controllers are on cgroup v1 (resource.h: RESOURCE_BY_BERTH): set in
 * the kernel's own files of the scope, and in a cgroup of cpuset with the scope's name, of which systemd knows nothing.
 */

#include "cgroup.h"
#include "spec.h"

/* The value that stands for no limit, as in systemd's properties. */
#define LIMIT_NONE UINT64_MAX

typedef struct CgroupLimits {
        uint64_t memory_max;     /* for a change; LIMIT_AS_IS: what systemd has set already */
        uint64_t memory_swap_max;
        uint64_t memory_low;     /* 0: none */
        char *cpus, *nodes;      /* NULL: all */
        char **read_iops;        /* "PATH NUMBER" */
        char **write_iops;
} CgroupLimits;

#define LIMIT_AS_IS 0
#define CGROUP_LIMITS_NULL (CgroupLimits){ .memory_max = LIMIT_AS_IS, .memory_swap_max = LIMIT_NONE }

void cgroup_limits_done(CgroupLimits *limits);
#define _cleanup_cgroup_limits_ _cleanup_(cgroup_limits_done)

/* What SPEC asks for. */
int cgroup_limits_from_spec(const Spec *spec, CgroupLimits *ret);

/* Whether there is nothing to do at a start. */
bool cgroup_limits_are_empty(const CgroupLimits *limits);

/* Sets them before the payload is let in; MACHINE names the cgroup of cpuset. */
int cgroup_limits_apply(Cgroup *cgroup, const char *machine, const CgroupLimits *limits, Error *error);

/*
 * The same while the payload runs: what is not limited is set free, and the payload is moved into cgroups of the scope that
 * systemd has made meanwhile, and left empty because it does not move the processes of a delegated unit.
 */
int cgroup_limits_apply_live(Cgroup *cgroup, const char *machine, const CgroupLimits *limits, Error *error);

/* Whether the kernel has a file for each limit that SPEC sets: systemd itself goes on without one. */
int cgroup_limits_verify(const Cgroup *cgroup, const Spec *spec, Error *error);
/* The same for one property. */
int cgroup_limits_verify_one(const Cgroup *cgroup, const char *property, Error *error);

/* Removes the cgroup of cpuset, if one was made and is empty. */
void cgroup_limits_release(Cgroup *cgroup, const char *machine);
