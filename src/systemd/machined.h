/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Registration with systemd-machined, where it runs. Nothing waits for it, and nothing depends on it. */

#include <systemd/sd-bus.h>

#include "spec.h"

/*
 * Tells machined about a machine that runs: machined finds the unit by its leader, and forgets the machine with the unit.
 * Nobody hears whether it did: a host need not have machined at all.
 */
int machined_register(sd_bus *bus, const Spec *spec, pid_t leader);

/* The same for one that is registered with a leader that it has no more. */
int machined_register_again(sd_bus *bus, const Spec *spec, pid_t leader);

/*
 * Makes machined forget a machine that ended. Not left to machined: when it sees that the unit of a machine is gone,
 * it asks systemd to stop the unit of that name (252: machine_stop_scope()), which by then may be the next run's.
 * Until HANDLER is called, no unit of the same name should be started. The slot is the caller's.
 */
int machined_unregister(sd_bus *bus, const char *name, sd_bus_message_handler_t handler, void *userdata, sd_bus_slot **ret_slot);
