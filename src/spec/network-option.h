/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a network can be created with. A row gives the option of berth network create, its line of --help, the key of
 * CreateNetwork() and the field.
 */

#include <systemd/sd-bus.h>

#include "setting.h"

typedef struct NetworkOptions {
        char **subnets, **gateways; /* at most one of each family */
        uint32_t mtu;            /* 0: the kernel's default */
        bool internal, isolated, icc, host_access, ipv6;
} NetworkOptions;

#define NETWORK_OPTIONS_DEFAULT (NetworkOptions){ .icc = true, .host_access = true, .ipv6 = true }

#define NETWORK_OPTION_ROWS(X)                                                                                              \
        X("Subnet", "subnet", &type_prefixes, subnets, "Addresses, one range of each family at most; else berth chooses")   \
        X("Gateway", "gateway", &type_addresses, gateways, "The host's own address in a subnet; else its first")            \
        X("MTU", "mtu", &type_mtu, mtu, "The size of the largest packet; 0 is what the kernel does")                        \
        X("Internal", "internal", &type_boolean, internal, "No way out to other networks, nor in")                          \
        X("Isolated", "isolated", &type_boolean, isolated, "No traffic to and from berth's other networks")                 \
        X("ICC", "icc", &type_boolean, icc, "Let its machines reach each other, as by default")                              \
        X("HostAccess", "host-access", &type_boolean, host_access, "Let its machines reach the host, as by default")        \
        X("IPv6", "ipv6", &type_boolean, ipv6, "Choose an IPv6 subnet as well, as by default")

void network_options_done(NetworkOptions *options);
#define _cleanup_network_options_ _cleanup_(network_options_done)

/* Reads an a{sv} into options that have been set to what they are without it. */
int network_options_read_bus(NetworkOptions *options, sd_bus_message *message, Error *error);

/* Writes all of them as an a{sv}. */
int network_options_append_bus(const NetworkOptions *options, sd_bus_message *message);
