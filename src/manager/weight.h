/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a message takes of memory, about: libsystemd does not tell. */

#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * Adds up what M holds: its bytes, and for each value what a copy of it would take besides. Stops where it comes to more than MOST. M is rewound.
 * A negative errno where it can't be read.
 */
int message_weigh(sd_bus_message *m, size_t most, size_t *ret);
