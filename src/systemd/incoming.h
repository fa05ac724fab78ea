/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The way by which machinectl(1) bind brings a mount into a machine without a user namespace. systemd-machined mounts it
 * below /run/systemd/nspawn/propagate/NAME; the machine sees that folder in /run/host/incoming, where the mount arrives by
 * propagation (mount_namespaces(7)), and from there machined moves it to its place. machined of systemd 257 needs it no more
 * where the kernel has open_tree(2).
 *
 * The folder is a small tmpfs of the machine's own in /run/berth/incoming/NAME, and the name that machined looks for a link to
 * it: so nothing of the host's /run is seen in the machine, not even by one that may remount.
 */

#include "error.h"

/*
 * Makes the folder of MACHINE anew, and a detached mount of it, read-only, to which its mounts propagate; the caller's. To be
 * called in the host's mount namespace.
 */
int incoming_make(const char *machine, Error *error);

/* Takes it away, if it is there. */
void incoming_remove(const char *machine);

/* The same for all machines that are dead; and whether there is one. RUN is the folder that others call /run/berth. */
void incoming_sweep(void);
bool incoming_is_left(const char *run);
