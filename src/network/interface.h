/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Network interfaces: what the kernel is asked about them, and to do with them. NL is open on NETLINK_ROUTE. */

#include <linux/if_link.h>

#include "net-util.h"
#include "netlink.h"

enum { LINK_ALIAS_MAX = 128 };

typedef struct LinkInfo {
        uint32_t index;
        uint32_t master;         /* index of the bridge that it is in, or 0 */
        uint32_t mtu;
        char name[INTERFACE_NAME_MAX + 1];
        char kind[16];           /* "bridge", "veth", … or empty */
        char alias[LINK_ALIAS_MAX];
        bool up;
        struct rtnl_link_stats64 statistics;
} LinkInfo;

/* -ENODEV where there is none of the name. */
int link_find(Netlink *nl, const char *name, LinkInfo *ret);

/* Calls HANDLER for each. */
int link_list(Netlink *nl, int (*handler)(const LinkInfo *link, void *userdata), void *userdata);

/* One end in this network namespace, up, the other in that of process PEER_PID. Addresses are six bytes or NULL. */
typedef struct LinkPair {
        const char *host;
        uint32_t bridge;         /* index of the bridge to be in, or 0 */
        const char *full;        /* a further name for the host's end, as long as it wants to be; or NULL */
        const char *inside;
        const uint8_t *mac;
        uint32_t mtu;            /* or 0 */
        bool isolated;           /* its port of the bridge reaches no other port that is */
        bool hairpin;            /* and sends back what came from it, where it is meant for it */
        pid_t peer_pid;
} LinkPair;

/* What the host's end of a link of a dead machine is called, with a number behind it, once its name is another one's. */
#define LINK_GONE "berth-gone"

/* What is left of an earlier link of the same name is set aside: the machine's name is locked, so nobody uses it. */
int link_make_pair(Netlink *nl, const LinkPair *pair);

int link_delete(Netlink *nl, uint32_t index);

/* A bridge that is up, with an address that does not change with its ports, and an alias (ip-link(8)) that tells whose it is. */
int link_make_bridge(Netlink *nl, const char *name, const char *alias, const uint8_t mac[static MAC_SIZE], uint32_t mtu);

/* Begins the request for a new interface, which is not up; attributes and its kind are to follow. */
void link_begin_new(Netlink *nl, const char *name);

/* Begins the request that gives an interface an address, at once usable (no duplicate address detection). */
void link_begin_address(Netlink *nl, uint32_t index, const IpAddress *a);

/* Begins the request for a route to TO (NULL: everywhere) by VIA (may be NULL) and the interface. */
void link_begin_route(Netlink *nl, uint32_t index, const IpAddress *to, const IpAddress *via);

/* Begins the request that changes an interface; attributes may follow. UP: sets it up. */
void link_begin_change(Netlink *nl, uint32_t index, bool up);
