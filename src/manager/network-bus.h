/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Networks on the bus: objects below /org/berth1/network with the interface org.berth1.Network. The manager keeps nothing of
 * them: each question is answered from the files (network-create.h) and from the machines.
 */

#include "call.h"

#define NETWORK_PATH_PREFIX "/org/berth1/network"
#define NETWORK_INTERFACE "org.berth1.Network"

extern const sd_bus_vtable network_vtable[];

/* Makes the networks reachable on the manager's bus. */
int network_bus_register(Manager *manager);

/* Tells that others are on a network now. */
void network_bus_machines_changed(Manager *manager, const char *name);

/* Tells what follows for a network from its being in use now, or not any more. */
void network_bus_in_use(Manager *manager, const char *name, bool in_use);

/* Handlers for the manager's vtable. */
int network_on_list(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);
int network_on_get(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);

/* For call-table.c. */
int network_read_create(Call *call, Error *error);
int network_run_create(Call *call, Error *error);
int network_read_name(Call *call, Error *error);
int network_run_remove(Call *call, Error *error);
int network_read_reload(Call *call, Error *error);
int network_run_reload(Call *call, Error *error);
