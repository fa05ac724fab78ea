/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Ranges of user ids. Each slot of 65536 ids has a lock file, named by its first id, in systemd-nspawn's own
 * folder (/run/systemd/nspawn-uid), so that neither picks what the other uses. A range locks those bytes of
 * the file that its ids are in the slot; nspawn locks all of it.
 *
 * A lock lives as long as its descriptor: handed to the supervisor, it goes with the machine.
 */

#include "spec.h"

#define RANGE_DIRECTORY "/run/systemd/nspawn-uid"

/*
 * Finds and locks a free slot. SEED (the machine's name) fixes where the search begins, so that a machine
 * tends to get the same ids again. *ret_lock is the caller's. ERROR_NO_RANGE where all are taken.
 */
int range_pick(const char *directory, const char *seed, UserNamespace *ret, int *ret_lock, Error *error);

/* Locks the ids of a range that was chosen. *ret_lock is one descriptor, however many slots there are. ERROR_NO_RANGE says which are taken. */
int range_lock(const char *directory, const UserNamespace *range, int *ret_lock, Error *error);

/* The same for N ranges, of which no two have ids in common. */
int range_lock_all(const char *directory, const UserNamespace *ranges, size_t n, int *ret_lock, Error *error);

/*
 * For who enters a user namespace of another: its ids stay taken for as long as *ret_lock is open, also when the one that they
 * were picked for is gone.
 */
int range_join(const char *directory, const UserNamespace *range, int *ret_lock, Error *error);

/* Removes those of a range's lock files that nobody holds: they are empty, but they would stay until the next boot. */
void range_sweep(const char *directory, const UserNamespace *range);
