/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mounts into a machine that runs, and out of it again. What is shown is taken on the host as a detached mount, given
 * its owners, and attached in the machine's mount namespace by its descriptor: no path of the host is looked up in
 * there, and none of the machine's outside of it. We enter the mount namespace alone, and no other of the machine's,
 * so that nothing in it can see or touch us.
 */

#include "pidref.h"
#include "plan.h"

typedef struct LiveMachine {
        const Plan *plan;
        const PidRef *leader;
        const char *place;       /* an empty directory of the host, for a mount namespace of our own */
} LiveMachine;

/* Shows what TEXT says (Bind= or Volume=). *ret_target (the caller's) and *ret_id name the mount for live_mount_detach(). */
int live_mount_attach(const LiveMachine *machine, const char *text, char **ret_target, uint64_t *ret_id, Error *error);

/* Takes it off, if what is at TARGET is still the mount ID. */
int live_mount_detach(const LiveMachine *machine, const char *target, uint64_t id, Error *error);
