/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Networks that are created by name, and what is known of any network. RUN and STATE are the folders that others call
 * /run/berth and /var/lib/berth. Needs no privilege, and makes nothing on the host but files of berth's own.
 */

#include "network-config.h"
#include "network-option.h"

/*
 * Puts a network into the store, all of its addresses decided. ERROR says what OPTIONS have that cannot be: a subnet that
 * the host or another network uses, a gateway outside of it, a name that is taken.
 */
int network_create(const char *run, const char *state, const char *name, const NetworkOptions *options, Error *error);

typedef enum NetworkKind {
        NETWORK_KIND_DEFAULT,
        NETWORK_KIND_CREATED,
        NETWORK_KIND_ZONE,       /* as long as a machine is on it */
} NetworkKind;

const char *network_kind_to_string(NetworkKind kind);

/* What a network is now: as it is used, else as it would be. -ENOENT where there is none of the name. */
int network_look_up(const char *run, const char *state, const char *name, NetworkConfig *ret, NetworkKind *ret_kind);

/* The names of all networks, the default one first. 0 or a negative errno. */
int network_list(const char *run, const char *state, char ***names);
