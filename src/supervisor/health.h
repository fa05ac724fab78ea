/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Health checks: HealthCommand= is run in the machine time and again, as berth exec would run it, and what it exits with says
 * whether the machine is well. While it is paused nothing is run.
 */

#include "supervisor.h"

typedef struct Health Health;

/* The machine runs: begins to check, where its settings say so. Failures to check are logged. */
void health_begin(Supervisor *s);

/* It does not any more. Accepts that it never began. */
void health_end(Supervisor *s);
