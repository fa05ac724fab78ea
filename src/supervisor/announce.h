/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "supervisor.h"

/* Who is told that a machine in a unit of somebody else's runs: systemd, and by keep-unit.h machined and the manager. */

/* In a moment: many commands have ended by then. */
void announce_soon(Supervisor *s);

/* It is over, or ends, before it was told of. */
void announce_nothing(Supervisor *s);
