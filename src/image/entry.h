/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Entries of the registry: /run/berth/machines/NAME (state.h says what is in one). Whoever holds the lock of
 * an entry owns it; an entry whose lock is free is dead and may be taken or removed.
 */

#include "macro.h"

typedef struct Entry {
        int dir;
        int lock;
} Entry;

#define ENTRY_NULL (Entry){ .dir = -EBADF, .lock = -EBADF }

/* Closes both descriptors, which frees the lock where this was its last holder. */
void entry_done(Entry *entry);
#define _cleanup_entry_ _cleanup_(entry_done)

/* Makes or takes over NAME in the folder MACHINES, locked and empty. -EAGAIN: somebody lives there. */
int entry_make(int machines, const char *name, Entry *ret);

/* Opens and locks what is there. -EAGAIN: somebody lives there; -ENOENT: there is none. */
int entry_take(int machines, const char *name, Entry *ret);

/* Removes an entry that the caller holds locked, so that the name is free at once and no other's entry can be hit. */
int entry_remove(int machines, const char *name, Entry *entry);
