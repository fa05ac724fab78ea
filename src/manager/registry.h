/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reading the registry into the manager's table: at its start, and when somebody else made an entry. */

#include "machine.h"

/*
 * Reads kept machines and all entries, before the bus hears anything of them. Machines that ended while no manager
 * ran are in the table afterwards as they were; registry_settle() ends them.
 */
int registry_load(Manager *manager, Error *error);

/* Takes a machine that is kept and was not there before into the table. */
int registry_load_kept(Manager *manager, const char *name);

/* Tells the bus about all machines, and collects what ended. */
void registry_settle(Manager *manager);

/* Takes a live entry that the table does not have (made under --keep-unit) into it. -ENOENT: there is none. */
int registry_adopt(Manager *manager, const char *name);

/*
 * Brings the view up to the registry's state, for one name or for all: there may be entries that nobody has told us of
 * yet, or that have only just said what they are.
 */
void registry_sync(Manager *manager, const char *name);
void registry_sync_all(Manager *manager);

/* There is an entry that does not say yet what it is, or a supervisor that can't be reached: look again in a moment. */
void registry_reconcile_later(Manager *manager);
