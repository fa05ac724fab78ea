/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What was bound into the machine since it runs: only that can be taken out again. */

#include "supervisor.h"

int live_binds_add(Supervisor *s, const char *text, Error *error);
int live_binds_remove(Supervisor *s, const char *target, Error *error);
void live_binds_free(Supervisor *s);
