/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is done with machines that are kept, without running them: made, renamed, given other settings. */

#include "call.h"

/* For the table: CreateMachine reads as RunMachine does. */
int create_run(Call *call, Error *error);

int rename_run(Call *call, Error *error);

int settings_get_run(Call *call, Error *error);
int settings_set_read(Call *call, Error *error);
int settings_set_run(Call *call, Error *error);

/* As StartMachine, with an ordered stop before it where the machine runs. */
int restart_run(Call *call, Error *error);
