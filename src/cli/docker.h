/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Options that docker(1) has for resources and that mean something else than one setting with the value as it stands: a
 * total, a pair, a device with a colon. What they come to is in the settings. Those that are mere names are in the settings
 * table.
 */

#include "options.h"

typedef struct Docker {
        char *memory, *memory_swap;
        char *cpus;
        char *cpu_period, *cpu_quota;
        char *pids_limit;
        char **read_bps, **write_bps, **read_iops, **write_iops;
} Docker;

#define DOCKER_NULL (Docker){}
#define _cleanup_docker_ _cleanup_(docker_done)
void docker_done(Docker *docker);

/* Their rows; offsets are those of Docker. */
extern const Option docker_options[];

/* --cpu-quota is also a setting's option: without a percent sign the value is docker's. */
bool docker_takes_quota(const char *text);

/* Puts what they come to into SPEC. A setting that was given by its own name stays. */
int docker_apply(const Docker *docker, Spec *spec, Error *error);
