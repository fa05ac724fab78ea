/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What machines use, and which processes they have: read from their cgroups when somebody asks. */

#include "call.h"

/* GetStats() of the manager (for the machines named, or all) and of a machine. Free to all: anybody may read the same files. */
int stats_on_manager_method(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);
int stats_on_machine_method(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);

/* GetMachineProcesses() and GetProcesses(). */
int processes_run(Call *call, Error *error);
