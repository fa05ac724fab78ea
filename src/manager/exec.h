/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* ExecMachine and Exec: a command that joins a machine. Checked here, carried out by the machine's supervisor. */

#include "call.h"

int exec_read(Call *call, Error *error);
int exec_run(Call *call, Error *error);
