/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* PlanMachine: what a start would do, as a supervisor prints it. Nothing is made. */

#include "call.h"

/* run() of the table; the call's data is a RunRequest. */
int plan_run(Call *call, Error *error);
