/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Machines on the bus: objects below /org/berth1/machine with the interface org.berth1.Machine. */

#include "machine.h"

#define MACHINE_PATH_PREFIX "/org/berth1/machine"
#define MACHINE_INTERFACE "org.berth1.Machine"

extern const sd_bus_vtable machine_vtable[];

/* Makes the machines of MANAGER reachable on its bus. */
int machine_bus_register(Manager *manager);

/* Tells of a machine that the bus has not heard of, or if it has (from a manager before us), of what may have changed. */
void machine_bus_announce(Machine *machine);

/* The same of one that is kept and was not there before. */
void machine_bus_created(Machine *machine);

/* Tells that it does not run any more, and is not on NETWORK (which may be NULL). */
void machine_bus_left(Machine *machine, const char *network);

/* Tells that these properties changed; NULL-terminated. */
void machine_bus_changed(Machine *machine, const char *const *properties);

/* Tells that each of them may have changed. */
void machine_bus_changed_all(Machine *machine);

/* Tells that the kernel killed processes of it for lack of memory. */
void machine_bus_out_of_memory(Machine *machine);

/* Tells that it is gone. It must still be in the table. */
void machine_bus_removed(Machine *machine);
