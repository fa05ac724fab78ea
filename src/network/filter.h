/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The packet filter: one nftables table, "inet berth", and never anything beside it. Its rules are the same whatever
 * machines there are: they look into sets and maps, and networks and published ports are elements of those. So a
 * machine's start changes no rule, and one that publishes nothing changes nothing.
 *
 * libnftables is loaded in a process of its own that ends when it has done its transaction: neither a supervisor nor
 * a start without need pays for it.
 */

#include "network-config.h"

/* What the table is to hold. */
typedef struct FilterContent {
        const NetworkConfig *networks;
        size_t n_networks;
        char *const *ports;      /* elements as filter_port_element() writes them */
} FilterContent;

/* Replaces the table by one with this content, in one transaction; without networks, by none. */
int filter_replace(const FilterContent *content, Error *error);

/* Runs nft(8) commands as one transaction. STEP and OBJECT are for the error. */
int filter_run(const char *commands, const char *step, const char *object, Error *error);

/* The commands that make the table, for filter_replace() and for people. NULL without memory. */
char *filter_render(const FilterContent *content);

/*
 * The generation of the host's whole rule set, which changes with every transaction of anybody's: as long as it is the
 * same, so are our rules. 0 where the kernel has no nftables.
 */
uint32_t filter_generation(void);
