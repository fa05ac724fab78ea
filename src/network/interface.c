/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "interface.h"

#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <sys/socket.h>

/* Reading */

static void copy_text(char *to, size_t room, const struct nlattr *a) {
        if (a)
                (void) snprintf(to, room, "%.*s", (int) netlink_data_size(a), (const char *) netlink_data(a));
}

static void read_u32(uint32_t *to, const struct nlattr *a) {
        if (a && netlink_data_size(a) >= sizeof(*to))
                memcpy(to, netlink_data(a), sizeof(*to));
}

static void read_link(const struct nlmsghdr *m, LinkInfo *ret) {
        const struct ifinfomsg *header = NLMSG_DATA(m);
        const struct nlattr *info, *statistics;
        size_t size;
        const void *attributes = netlink_attributes(m, sizeof(*header), &size);

        *ret = (LinkInfo){ .index = (uint32_t) header->ifi_index, .up = header->ifi_flags & IFF_UP };
        copy_text(ret->name, sizeof(ret->name), netlink_find(attributes, size, IFLA_IFNAME));
        copy_text(ret->alias, sizeof(ret->alias), netlink_find(attributes, size, IFLA_IFALIAS));
        read_u32(&ret->master, netlink_find(attributes, size, IFLA_MASTER));
        read_u32(&ret->mtu, netlink_find(attributes, size, IFLA_MTU));

        info = netlink_find(attributes, size, IFLA_LINKINFO);
        if (info)
                copy_text(ret->kind, sizeof(ret->kind),
                          netlink_find(netlink_data(info), netlink_data_size(info), IFLA_INFO_KIND));

        /* Kernels append to it. */
        statistics = netlink_find(attributes, size, IFLA_STATS64);
        if (statistics)
                memcpy(&ret->statistics, netlink_data(statistics),
                       netlink_data_size(statistics) < sizeof(ret->statistics) ? netlink_data_size(statistics)
                                                                               : sizeof(ret->statistics));
}

static int on_link(const struct nlmsghdr *m, void *userdata) {
        if (m->nlmsg_type == RTM_NEWLINK)
                read_link(m, userdata);
        return 0;
}

int link_find(Netlink *nl, const char *name, LinkInfo *ret) {
        const struct ifinfomsg header = {};

        *ret = (LinkInfo){};
        netlink_begin(nl, RTM_GETLINK, 0, &header, sizeof(header));
        netlink_put_string(nl, strlen(name) < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
        return netlink_ask(nl, on_link, ret);
}

typedef struct Listing {
        int (*handler)(const LinkInfo *link, void *userdata);
        void *userdata;
} Listing;

static int on_listed(const struct nlmsghdr *m, void *userdata) {
        const Listing *listing = userdata;
        LinkInfo link;

        if (m->nlmsg_type != RTM_NEWLINK)
                return 0;
        read_link(m, &link);
        return listing->handler(&link, listing->userdata);
}

int link_list(Netlink *nl, int (*handler)(const LinkInfo *link, void *userdata), void *userdata) {
        const struct ifinfomsg header = {};
        Listing listing = { handler, userdata };

        netlink_begin(nl, RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header));
        return netlink_ask(nl, on_listed, &listing);
}

/* Making */

enum { FLAGS_NEW = NLM_F_CREATE | NLM_F_EXCL };

static const struct ifinfomsg header_up = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };

/* What sort of port of its bridge an interface is: it is addressed by its name, since it may just have been asked for. */
static void begin_port(Netlink *nl, const LinkPair *pair) {
        const struct ifinfomsg any = {};
        size_t info, port;

        netlink_begin(nl, RTM_NEWLINK, 0, &any, sizeof(any));
        netlink_put_string(nl, IFLA_IFNAME, pair->host);
        info = netlink_nest(nl, IFLA_LINKINFO);
        netlink_put_string(nl, IFLA_INFO_SLAVE_KIND, "bridge");
        port = netlink_nest(nl, IFLA_INFO_SLAVE_DATA);
        netlink_put_u8(nl, IFLA_BRPORT_ISOLATED, pair->isolated);
        netlink_put_u8(nl, IFLA_BRPORT_MODE, pair->hairpin);
        netlink_end(nl, port);
        netlink_end(nl, info);
}

/*
 * One request: both ends are made, named and in their places, or nothing is (veth(4), rtnetlink(7)). The peer cannot be
 * up before it is one: that is left to the machine's side.
 */
static int make_pair(Netlink *nl, const LinkPair *pair) {
        const struct ifinfomsg down = {};
        size_t info, data, peer;

        netlink_begin(nl, RTM_NEWLINK, FLAGS_NEW, &header_up, sizeof(header_up));
        netlink_put_string(nl, IFLA_IFNAME, pair->host);
        if (pair->mtu)
                netlink_put_u32(nl, IFLA_MTU, pair->mtu);
        if (pair->bridge)
                netlink_put_u32(nl, IFLA_MASTER, pair->bridge);

        info = netlink_nest(nl, IFLA_LINKINFO);
        netlink_put_string(nl, IFLA_INFO_KIND, "veth");
        data = netlink_nest(nl, IFLA_INFO_DATA);
        peer = netlink_nest(nl, VETH_INFO_PEER);
        netlink_put_raw(nl, &down, sizeof(down));
        netlink_put_string(nl, IFLA_IFNAME, pair->inside);
        netlink_put_u32(nl, IFLA_NET_NS_PID, (uint32_t) pair->peer_pid);
        if (pair->mac)
                netlink_put(nl, IFLA_ADDRESS, pair->mac, MAC_SIZE);
        if (pair->mtu)
                netlink_put_u32(nl, IFLA_MTU, pair->mtu);
        netlink_end(nl, peer);
        netlink_end(nl, data);
        netlink_end(nl, info);
        if (pair->isolated || pair->hairpin)
                begin_port(nl, pair);
        return netlink_run(nl);
}

static int add_name(Netlink *nl, const char *name, const char *full) {
        const struct ifinfomsg header = {};
        size_t list;

        netlink_begin(nl, RTM_NEWLINKPROP, FLAGS_NEW | NLM_F_APPEND, &header, sizeof(header));
        netlink_put_string(nl, IFLA_IFNAME, name);
        list = netlink_nest(nl, IFLA_PROP_LIST | NLA_F_NESTED);
        netlink_put_string(nl, IFLA_ALT_IFNAME, full);
        netlink_end(nl, list);
        return netlink_run(nl);
}

/* Down first: before Linux 6.2 no interface that is up takes another name. */
static int set_aside(Netlink *nl, uint32_t index, const char *full) {
        const struct ifinfomsg header = { .ifi_index = (int) index },
                               header_down = { .ifi_index = (int) index, .ifi_change = IFF_UP };
        size_t list;
        int r;

        netlink_begin(nl, RTM_NEWLINK, 0, &header_down, sizeof(header_down));
        netlink_begin(nl, RTM_NEWLINK, 0, &header, sizeof(header));
        netlink_put_string(nl, IFLA_IFNAME, LINK_GONE "%d");
        if (full) {
                netlink_begin(nl, RTM_DELLINKPROP, 0, &header, sizeof(header));
                list = netlink_nest(nl, IFLA_PROP_LIST | NLA_F_NESTED);
                netlink_put_string(nl, IFLA_ALT_IFNAME, full);
                netlink_end(nl, list);
        }
        r = netlink_run(nl);
        return r < 0 && nl->failed < 2 ? r : 0;
}

/*
 * The end of a machine that ended lives on for some ten milliseconds, until the kernel has taken its network namespace down. To
 * take it away would be to wait for that (netdev_run_todo(), net/core/dev.c); for its name it is enough to give it another one.
 */
static void take_name(Netlink *nl, const LinkPair *pair) {
        LinkInfo stale;

        if (link_find(nl, pair->host, &stale) >= 0 && set_aside(nl, stale.index, pair->full) < 0)
                (void) link_delete(nl, stale.index);
}

int link_make_pair(Netlink *nl, const LinkPair *pair) {
        int r = make_pair(nl, pair);

        if (r == -EEXIST) {
                take_name(nl, pair);
                r = make_pair(nl, pair);
        }
        return r >= 0 && pair->full ? add_name(nl, pair->host, pair->full) : r;
}

int link_delete(Netlink *nl, uint32_t index) {
        const struct ifinfomsg header = { .ifi_index = (int) index };

        netlink_begin(nl, RTM_DELLINK, 0, &header, sizeof(header));
        return netlink_run(nl);
}

int link_make_bridge(Netlink *nl, const char *name, const char *alias, const uint8_t mac[static MAC_SIZE], uint32_t mtu) {
        const struct ifinfomsg any = {};
        size_t info;

        netlink_begin(nl, RTM_NEWLINK, FLAGS_NEW, &header_up, sizeof(header_up));
        netlink_put_string(nl, IFLA_IFNAME, name);
        netlink_put(nl, IFLA_ADDRESS, mac, MAC_SIZE);
        info = netlink_nest(nl, IFLA_LINKINFO);
        netlink_put_string(nl, IFLA_INFO_KIND, "bridge");
        netlink_end(nl, info);

        /* A new interface takes no alias; but one call does both, so that there is never one without. */
        netlink_begin(nl, RTM_NEWLINK, 0, &any, sizeof(any));
        netlink_put_string(nl, IFLA_IFNAME, name);
        netlink_put(nl, IFLA_IFALIAS, alias, strlen(alias));
        /* As a change: one that it is made with goes with its last port (br_mtu_auto_adjust(), Linux 6.1). */
        if (mtu)
                netlink_put_u32(nl, IFLA_MTU, mtu);
        return netlink_run(nl);
}

void link_begin_new(Netlink *nl, const char *name) {
        const struct ifinfomsg down = {};

        netlink_begin(nl, RTM_NEWLINK, FLAGS_NEW, &down, sizeof(down));
        netlink_put_string(nl, IFLA_IFNAME, name);
}

void link_begin_address(Netlink *nl, uint32_t index, const IpAddress *a) {
        const struct ifaddrmsg header = {
                .ifa_family = (uint8_t) a->family, .ifa_prefixlen = a->prefix, .ifa_index = index, .ifa_flags = IFA_F_PERMANENT,
        };

        netlink_begin(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
        netlink_put(nl, IFA_LOCAL, a->bytes, ip_size(a));
        netlink_put(nl, IFA_ADDRESS, a->bytes, ip_size(a));
        if (a->family == AF_INET6)
                netlink_put_u32(nl, IFA_FLAGS, IFA_F_NODAD | IFA_F_PERMANENT);
        else {
                IpAddress broadcast = ip_nth(a, ip_count(a) - 1);

                netlink_put(nl, IFA_BROADCAST, broadcast.bytes, ip_size(&broadcast));
        }
}

void link_begin_route(Netlink *nl, uint32_t index, const IpAddress *to, const IpAddress *via) {
        const struct rtmsg header = {
                .rtm_family = (uint8_t) (via ? via->family : to->family),
                .rtm_dst_len = to ? to->prefix : 0,
                .rtm_table = RT_TABLE_MAIN,
                .rtm_protocol = RTPROT_STATIC,
                .rtm_scope = via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
                .rtm_type = RTN_UNICAST,
        };

        netlink_begin(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
        if (to)
                netlink_put(nl, RTA_DST, to->bytes, ip_size(to));
        if (via)
                netlink_put(nl, RTA_GATEWAY, via->bytes, ip_size(via));
        netlink_put_u32(nl, RTA_OIF, index);
}

void link_begin_change(Netlink *nl, uint32_t index, bool up) {
        const struct ifinfomsg header = {
                .ifi_index = (int) index, .ifi_flags = up ? IFF_UP : 0, .ifi_change = up ? IFF_UP : 0,
        };

        netlink_begin(nl, RTM_NEWLINK, 0, &header, sizeof(header));
}
