/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where directories go that are to be removed, /var/lib/berth/trash: their names are free at once, and a process with
 * the rights for it removes what machines have left in them. What a killed one leaves is removed by the next.
 */

#include "manager.h"

/* Moves NAME in the folder DIR there. */
int trash_take(Manager *manager, int dir, const char *name);

/* Removes what is kept of a machine, its layer included. */
int kept_discard(Manager *manager, const char *name);

/* The same for one that is not kept, where it was run with --rm; the layer of one in a unit of somebody else's is left to it. */
void kept_sweep(Manager *manager, const char *name);

/* Removes what is there already. */
void trash_empty(Manager *manager);
