/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A network: a bridge of the host with a range of addresses, and what may pass between those on it. There is the
 * default one, one for each zone that a machine is in, and those that were created by name. As text it is one JSON
 * object: in the store for those that were created, and below /run/berth/network for each that is in use.
 */

#include "error.h"
#include "net-util.h"

#define NETWORK_DEFAULT "berth0"
#define NETWORK_ZONE_PREFIX "zone:"

typedef struct NetworkConfig {
        char *name;              /* "berth0", "zone:NAME", or the name that it was created by */
        char bridge[INTERFACE_NAME_MAX + 1];
        IpAddress subnet, subnet6;   /* none: not decided yet, or without that family */
        IpAddress gateway, gateway6; /* the host's addresses there, with the prefix lengths of the subnets */
        uint32_t mtu;            /* 0: the kernel's default */
        bool internal;           /* no way out */
        bool isolated;           /* no traffic to and from other networks of berth's */
        bool no_icc;             /* nor among its own machines */
        bool no_host_access;     /* nor to the host itself */
        bool no_ipv6;
} NetworkConfig;

void network_config_done(NetworkConfig *config);
#define _cleanup_network_config_ _cleanup_(network_config_done)

/* The settings that a network has by itself: its name and its bridge's. 0 or -ENOMEM. */
int network_config_init(const char *name, NetworkConfig *ret);

int network_config_to_json(const NetworkConfig *config, char **ret);
int network_config_from_json(const char *text, NetworkConfig *ret, Error *error);

/* Whether a network that is created may be called so. ERROR says what is allowed. */
int network_check_name(const char *name, Error *error);

/* Sets a gateway that was not chosen: the first address of the subnet. */
void network_config_complete(NetworkConfig *config);
