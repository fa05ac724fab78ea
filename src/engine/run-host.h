/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * /run/host, what a machine may know of its host, as systemd's Container Interface has it: os-release, container-manager,
 * and the socket for notifications.
 */

#include "plan.h"

/* A detached mount. *RET_NOTIFY is the socket, the caller's. */
int run_host_make(const Plan *plan, const PlannedMount *m, int *ret_notify, Error *error);
