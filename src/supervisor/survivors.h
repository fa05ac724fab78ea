/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is left of a machine that was killed. */

#include "cgroup.h"

/*
 * The processes of the payload that are still there: "sync (4711, state D in folio_wait_bit), …", of many the first few. NULL
 * where there are none. Those that wait in the kernel where no signal reaches them stand alone, if there are any: the others
 * wait for them.
 */
int survivors_name(const Cgroup *cgroup, char **ret);
