/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "supervisor.h"

/*
 * Limits that change while the payload runs. systemd was told already; here is done what it does not do on a hybrid host, and
 * looked whether the kernel has what it was told: it makes cgroups some time after it has answered.
 */

/* SetLimits(a{sv} settings, as properties): CALL is answered once the kernel has a file for each of PROPERTIES, or after a while why not. */
int live_limits_set(Supervisor *s, sd_bus_message *call, Error *error);

/* Forgets those that wait. */
void live_limits_forget(Supervisor *s);
