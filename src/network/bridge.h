/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The host's side of a network: its bridge, and forwarding. The caller holds the lock of all networks (attach.c). */

#include "interface.h"
#include "network-config.h"

/* What the alias of a bridge that berth made begins with; the network's name is behind it. */
#define BRIDGE_ALIAS "berth network "

/* Makes the bridge with its addresses. Where the subnet has come to collide with a route of the host, ERROR says which. */
int bridge_make(Netlink *nl, const NetworkConfig *config, LinkInfo *ret, Error *error);
