/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Resolves the [Network] part of a spec: puts nspawn's words for a mode into the one setting Network=, and chooses names
 * and addresses. Needs no privilege beyond access to berth's own folders, and makes nothing on the host.
 */

#include "spec.h"

/*
 * RUN and STATE are the folders that others call /run/berth and /var/lib/berth. *ret_lock keeps the addresses (see
 * pool.h); -EBADF where there are none.
 */
int network_resolve(const char *run, const char *state, Spec *spec, int *ret_lock, Error *error);

/* After the last lock of a spec that came to nothing was closed: forgets its network where no other machine is on it. */
void network_unresolve(const char *run, const Spec *spec);

/* The name that machine NAME's end on the host has in this mode, "" where there is none. Returns whether it fits. */
bool network_host_name(NetworkMode mode, const char *name, char ret[static 16]);
