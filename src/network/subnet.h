/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which ranges of addresses are free on this host: what its routes lead to is not, nor what another network has.
 * Read from /proc/net, which needs neither a socket nor a privilege.
 */

#include "network-config.h"

/*
 * Whether SUBNET shares an address with one that a route of the host leads to, the default route and those of the
 * interface BRIDGE aside. 1 with the route and its interface as text in *ret (the caller's), 0, or a negative errno.
 */
int subnet_collides(const IpAddress *subnet, const char *bridge, char **ret);

/*
 * Decides the subnets that CONFIG leaves open: the first that is free of a row that begins at a place which the name
 * fixes, so that a network tends to get the same ones again. IS_TAKEN (may be NULL) knows of ranges that no route shows.
 */
int subnet_pick(NetworkConfig *config, bool (*is_taken)(const IpAddress *subnet, void *userdata), void *userdata, Error *error);
