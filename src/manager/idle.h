/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* When the manager leaves: it is bus-activated and holds nothing, so it need not stay while there is nothing to do. */

#include "manager.h"

/* Exit status with which systemd starts us again (RestartForceExitStatus= of berthd.service). */
enum { EXIT_BEGIN_ANEW = 75 };

/* SIGTERM and SIGINT: takes no more calls, finishes what it has begun, and ends. */
int idle_handle_signals(Manager *manager);

/* Looks whether there is nothing left to do, and if so, leaves in a while. */
void idle_check(Manager *manager);
