/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"

/*
 * Gives away what the manager has no use for, once its spawner is running: nothing of this may reach a payload.
 * That it is done here and not in berthd.service is why a payload is the same under berthd and under --keep-unit.
 */
int sandbox_enter(Error *error);
