/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec.h"

/*
 * Becomes the supervisor of SPEC in the unit that this process is in, or with PLAN prints what that would do.
 * Returns only where that failed: a negative errno.
 */
int keep_unit_exec(const Spec *spec, bool plan, Error *error);

/* The same for a machine that is there already, or else for the installed tree of that name, whose system is booted. */
int keep_unit_start(const char *name, Error *error);
