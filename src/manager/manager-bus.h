/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The manager on the bus: /org/berth1 with the interface org.berth1.Manager. */

#include "manager.h"

#define BUS_NAME "org.berth1"
#define MANAGER_PATH "/org/berth1"
#define MANAGER_INTERFACE "org.berth1.Manager"

extern const sd_bus_vtable manager_vtable[];

/* Puts the manager, its machines and the object manager on its bus. */
int manager_bus_register(Manager *manager);
