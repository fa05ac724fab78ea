/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "extra-links.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <unistd.h>

#include "fd-util.h"
#include "interface.h"
#include "log.h"
#include "net-util.h"
#include "string-util.h"
#include "strv.h"

static const char step[] = "giving the machine the link";

void extra_link_read(ExtraLinkKind kind, const char *text, ExtraLink *ret) {
        static const char *const prefixes[] = { [EXTRA_LINK_MACVLAN] = "mv-",
                                                [EXTRA_LINK_IPVLAN] = "iv-",
                                                [EXTRA_LINK_INTERFACE] = "",
                                                [EXTRA_LINK_VETH] = "" };
        size_t n = strcspn(text, ":");

        *ret = (ExtraLink){ .kind = kind };
        memcpy(ret->outside, text, n < INTERFACE_NAME_MAX ? n : INTERFACE_NAME_MAX);
        (void) interface_name_make(text[n] ? "" : prefixes[kind], text[n] ? text + n + 1 : ret->outside, ret->inside);
}

int extra_links_foreach(const Spec *spec, int (*each)(const ExtraLink *link, void *userdata), void *userdata) {
        const struct {
                ExtraLinkKind kind;
                NetworkMode mode; /* that is one such link; none for NETWORK_NONE */
                char *const *list;
        } rows[] = {
                { EXTRA_LINK_MACVLAN, NETWORK_MACVLAN, spec->macvlan },
                { EXTRA_LINK_IPVLAN, NETWORK_IPVLAN, spec->ipvlan },
                { EXTRA_LINK_INTERFACE, NETWORK_INTERFACE, spec->interface },
                { EXTRA_LINK_VETH, NETWORK_NONE, spec->virtual_ethernet_extra },
        };
        ExtraLink link;
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(rows) && r >= 0; i++) {
                if (rows[i].mode != NETWORK_NONE && spec->network.mode == rows[i].mode) {
                        extra_link_read(rows[i].kind, spec->network.name, &link);
                        r = each(&link, userdata);
                }
                STRV_FOREACH(text, rows[i].list)
                        if (r >= 0) {
                                extra_link_read(rows[i].kind, *text, &link);
                                r = each(&link, userdata);
                        }
        }
        return r;
}

/* Making */

typedef struct Attach {
        Netlink *nl;
        const Spec *spec;
        pid_t leader;
        Error *error;
} Attach;

static int refuse(const Attach *a, const ExtraLink *link, int r) {
        if (r == -EOPNOTSUPP && link->kind == EXTRA_LINK_IPVLAN)
                return error_set(a->error, ERROR_NOT_SUPPORTED, -r, step, link->outside,
                                 "this kernel has no ipvlan (CONFIG_IPVLAN)");
        if (r == -EOPNOTSUPP && link->kind == EXTRA_LINK_MACVLAN)
                return error_set(a->error, ERROR_NOT_SUPPORTED, -r, step, link->outside,
                                 "this kernel has no macvlan (CONFIG_MACVLAN)");
        if (r == -EEXIST)
                return error_set(a->error, ERROR_INVALID_VALUE, -r, step, link->outside,
                                 "there is an interface of this name, or of %s", link->inside);
        return error_set(a->error, ERROR_FAILED, -r, step, link->outside, *a->nl->reason ? "%s" : NULL, a->nl->reason);
}

static int find_outside(const Attach *a, const ExtraLink *link, LinkInfo *ret) {
        int r = link_find(a->nl, link->outside, ret);

        if (r == -ENODEV)
                return error_set(a->error, ERROR_INVALID_VALUE, ENODEV, step, link->outside,
                                 "there is no such interface of the host");
        if (r < 0)
                return refuse(a, link, r);
        if (link->kind == EXTRA_LINK_INTERFACE && streq(link->outside, "lo"))
                return error_set(a->error, ERROR_INVALID_VALUE, EINVAL, step, link->outside, "each network has its own");
        return 0;
}

/* As systemd-nspawn has them: a macvlan whose machines reach each other, an ipvlan that the host's own addresses are beside. */
static int make_on(const Attach *a, const ExtraLink *link, uint32_t parent) {
        bool macvlan = link->kind == EXTRA_LINK_MACVLAN;
        const uint16_t l2 = IPVLAN_MODE_L2;
        uint8_t mac[MAC_SIZE];
        size_t info, data;

        link_begin_new(a->nl, link->inside);
        netlink_put_u32(a->nl, IFLA_LINK, parent);
        netlink_put_u32(a->nl, IFLA_NET_NS_PID, (uint32_t) a->leader);
        if (macvlan && a->spec->network.mode == NETWORK_MACVLAN && a->spec->mac_address &&
            mac_parse(a->spec->mac_address, mac) >= 0)
                netlink_put(a->nl, IFLA_ADDRESS, mac, MAC_SIZE);
        info = netlink_nest(a->nl, IFLA_LINKINFO);
        netlink_put_string(a->nl, IFLA_INFO_KIND, macvlan ? "macvlan" : "ipvlan");
        data = netlink_nest(a->nl, IFLA_INFO_DATA);
        if (macvlan)
                netlink_put_u32(a->nl, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
        else
                netlink_put(a->nl, IFLA_IPVLAN_MODE, &l2, sizeof(l2));
        netlink_end(a->nl, data);
        netlink_end(a->nl, info);
        return netlink_run(a->nl);
}

static int attach_one(const ExtraLink *link, void *userdata) {
        const Attach *a = userdata;
        LinkInfo outside = {};
        int r;

        if (link->kind == EXTRA_LINK_VETH) {
                r = link_make_pair(a->nl, &(LinkPair){ .host = link->outside, .inside = link->inside, .peer_pid = a->leader });
                return r < 0 ? refuse(a, link, r) : 0;
        }

        r = find_outside(a, link, &outside);
        if (r < 0)
                return r;
        if (link->kind != EXTRA_LINK_INTERFACE)
                r = make_on(a, link, outside.index);
        else {
                link_begin_change(a->nl, outside.index, /* up= */ false);
                netlink_put_string(a->nl, IFLA_IFNAME, link->inside);
                netlink_put_u32(a->nl, IFLA_NET_NS_PID, (uint32_t) a->leader);
                r = netlink_run(a->nl);
        }
        return r < 0 ? refuse(a, link, r) : 0;
}

int extra_links_attach(Netlink *nl, const Spec *spec, pid_t leader, Error *error) {
        return extra_links_foreach(spec, attach_one, &(Attach){ nl, spec, leader, error });
}

/* Moving back */

bool extra_links_are_moved(const Spec *spec) {
        return spec->interface || spec->network.mode == NETWORK_INTERFACE;
}

/* A netlink socket belongs to the network namespace that it was opened in. */
static int open_inside(int namespace, int own, Netlink *nl) {
        int r = setns(namespace, CLONE_NEWNET) < 0 ? negative_errno() : netlink_open(NETLINK_ROUTE, nl);

        if (setns(own, CLONE_NEWNET) < 0 && r >= 0)
                r = negative_errno();
        return r;
}

typedef struct Return {
        Netlink *nl;
        int own;
} Return;

static int return_one(const ExtraLink *link, void *userdata) {
        const Return *back = userdata;
        LinkInfo inside;
        int r;

        if (link->kind != EXTRA_LINK_INTERFACE)
                return 0;
        r = link_find(back->nl, link->inside, &inside);
        if (r >= 0) {
                link_begin_change(back->nl, inside.index, /* up= */ false);
                netlink_put_string(back->nl, IFLA_IFNAME, link->outside);
                netlink_put_u32(back->nl, IFLA_NET_NS_FD, (uint32_t) back->own);
                r = netlink_run(back->nl);
        }
        /* The others shall come back all the same. */
        if (r < 0)
                log_warning("the interface %s did not come back from the machine: %s", link->outside, errno_text(r));
        return 0;
}

void extra_links_return(const Spec *spec, int namespace) {
        _cleanup_close_ int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        _cleanup_netlink_ Netlink nl = { .fd = -EBADF };
        int r = own < 0 ? negative_errno() : open_inside(namespace, own, &nl);

        if (r < 0)
                log_warning("the interfaces of machine '%s' did not come back: %s", spec->name, errno_text(r));
        else
                (void) extra_links_foreach(spec, return_one, &(Return){ &nl, own });
}
