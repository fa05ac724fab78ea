/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is kept below /run/berth in the name of a machine, whose supervisor was killed and could not take it along. */

#include "macro.h"

/*
 * Calls DEAD with each name in RUN/FOLDER of which no machine lives, until that returns false; RUN is the folder that others
 * call /run/berth. Whether it did.
 */
bool dead_machines_visit(const char *run, const char *folder, bool (*dead)(const char *machine));

/* Whether there is one. */
bool dead_machines_left(const char *run, const char *folder);
