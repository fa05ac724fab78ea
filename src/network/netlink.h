/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Requests to the kernel over netlink(7): built one behind the other in one buffer, sent in one call, and
 * answered one by one. What the requests mean is in rtnetlink(7) and linux/if_link.h.
 */

#include <linux/netlink.h>

#include "error.h"

enum { NETLINK_ROOM = 8192, NETLINK_REASON_MAX = 160 };

typedef struct Netlink {
        int fd;
        uint32_t first;          /* sequence number of the first request of the buffer */
        uint32_t next;           /* of the next one */
        size_t size;             /* used of the buffer */
        size_t message;          /* where the last request begins */
        bool full;               /* something did not fit: netlink_run() says so */
        uint32_t failed;         /* after netlink_run(): which request failed, from 0 */
        char reason[NETLINK_REASON_MAX]; /* the kernel's own words for it, or empty (NETLINK_EXT_ACK) */
        _Alignas(8) char buffer[NETLINK_ROOM];
} Netlink;

/* PROTOCOL is NETLINK_ROUTE, say. Closed by netlink_done(), which may be called in any case. */
int netlink_open(int protocol, Netlink *nl);
void netlink_done(Netlink *nl);
#define _cleanup_netlink_ _cleanup_(netlink_done)

/* Begins a request with its fixed header (struct ifinfomsg, say). NLM_F_REQUEST and NLM_F_ACK are added. */
void netlink_begin(Netlink *nl, uint16_t type, uint16_t flags, const void *header, size_t size);

/* Attributes of the request that was begun last. */
void netlink_put(Netlink *nl, uint16_t type, const void *data, size_t size);
void netlink_put_u8(Netlink *nl, uint16_t type, uint8_t value);
void netlink_put_u32(Netlink *nl, uint16_t type, uint32_t value);
void netlink_put_string(Netlink *nl, uint16_t type, const char *value);

/* An attribute that holds those that follow, until its end. */
size_t netlink_nest(Netlink *nl, uint16_t type);
void netlink_end(Netlink *nl, size_t nest);
/* A fixed header inside of a nest (that of VETH_INFO_PEER). */
void netlink_put_raw(Netlink *nl, const void *data, size_t size);

/*
 * Sends all requests and waits for all answers. The first failure is returned (the kernel carries out the others
 * all the same). The buffer is empty then.
 */
int netlink_run(Netlink *nl);

/* Sends one request and calls HANDLER (may be NULL) for each message of the answer: of a dump, or of a single object. */
typedef int (*NetlinkHandler)(const struct nlmsghdr *m, void *userdata);
int netlink_ask(Netlink *nl, NetlinkHandler handler, void *userdata);

/* The attribute of TYPE among SIZE bytes of attributes, or NULL. */
const struct nlattr *netlink_find(const void *attributes, size_t size, uint16_t type);

static inline const void *netlink_data(const struct nlattr *a) {
        return (const char *) a + NLA_HDRLEN;
}

static inline size_t netlink_data_size(const struct nlattr *a) {
        return a->nla_len - NLA_HDRLEN;
}

/* The attributes of a message behind its fixed header. */
static inline const void *netlink_attributes(const struct nlmsghdr *m, size_t header, size_t *ret_size) {
        size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(header);

        *ret_size = m->nlmsg_len > skip ? m->nlmsg_len - skip : 0;
        return (const char *) m + skip;
}
