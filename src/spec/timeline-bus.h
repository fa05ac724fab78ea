/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A time line on the bus: a(st), what was done and when (CLOCK_MONOTONIC in microseconds). */

#include <systemd/sd-bus.h>

#include "timeline.h"

int timeline_append_bus(sd_bus_message *m, const Timeline *timeline);

/* Adds the marks of the message to TIMELINE; they are dropped where nobody measures. */
int timeline_read_bus(sd_bus_message *m, Timeline *timeline);
