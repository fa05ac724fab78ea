/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Changing limits: of a machine that runs through systemd, and in the settings of one that is kept. */

#include "call.h"
#include "machine.h"

/* SetMachineProperties() and SetProperties(). */
int set_property_read(Call *call, Error *error);
int set_property_run(Call *call, Error *error);

/* Has the supervisor do its part of what systemd was told by others (drop-ins.h). Nobody waits for it. */
void set_property_take_over(Machine *machine);
