/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec.h"

/* Becomes the supervisor of SPEC in the unit that this process is in. Returns only where that failed: a negative errno. */
int keep_unit_exec(const Spec *spec, Error *error);
