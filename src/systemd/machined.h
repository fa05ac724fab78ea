/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Registration with systemd-machined, where it runs. Nothing waits for it, and nothing depends on it. */

#include <systemd/sd-bus.h>

#include "spec.h"

/*
 * Tells machined about a machine that runs: machined finds the unit by its leader, and forgets the machine with the unit.
 * Returns before it is done; a failure there is logged at debug level, since a host need not have machined at all.
 */
int machined_register(sd_bus *bus, const Spec *spec, pid_t leader);
