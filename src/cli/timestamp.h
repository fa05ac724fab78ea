/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * A point in time as systemd.time(7) has it: "2026-01-31 12:00[:30]" with or without its date or its time, "now", "today",
 * "yesterday", "@SECONDS", "-5min", "2h ago", and with "Z" behind it for UTC. NOW and *ret are of CLOCK_REALTIME, in microseconds.
 */
int timestamp_parse(const char *text, uint64_t now, uint64_t *ret);
