/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rate.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>

#include "interface.h"
#include "string-util.h"

static const char step[] = "limiting the rate of the link";

#define SHAPER_PREFIX "vr-"
#define INGRESS TC_H_MAKE(TC_H_INGRESS, 0)

/* A queue holds what comes in this time, and lets so much pass at once: less would make long pauses of short ones. */
enum { QUEUE_PER_SEC = 10, BURST_PER_SEC = 50 };
#define QUEUE_MIN (256 * 1024)

static void begin_queue(Netlink *nl, uint32_t index, uint32_t handle, uint32_t parent, const char *kind) {
        const struct tcmsg header = { .tcm_ifindex = (int) index, .tcm_handle = handle, .tcm_parent = parent };

        netlink_begin(nl, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
        netlink_put_string(nl, TCA_KIND, kind);
}

static uint32_t at_most_u32(uint64_t n) {
        return n < UINT32_MAX ? (uint32_t) n : UINT32_MAX;
}

/* Two packets pass at once in any case: one that is larger than the burst would never do. */
static void begin_shaper(Netlink *nl, uint32_t index, uint64_t bits, uint32_t mtu) {
        uint64_t bytes = bits / 8, burst = bytes / BURST_PER_SEC, limit = bytes / QUEUE_PER_SEC;
        const uint64_t least = UINT64_C(2) * (mtu + ETH_HLEN);
        struct tc_tbf_qopt options = { .rate = { .linklayer = TC_LINKLAYER_ETHERNET, .rate = at_most_u32(bytes) } };
        size_t nest;

        if (burst < least)
                burst = least;
        options.limit = at_most_u32(limit < QUEUE_MIN ? QUEUE_MIN : limit);

        begin_queue(nl, index, TC_H_MAKE(1 << 16, 0), TC_H_ROOT, "tbf");
        nest = netlink_nest(nl, TCA_OPTIONS | NLA_F_NESTED);
        netlink_put(nl, TCA_TBF_PARMS, &options, sizeof(options));
        netlink_put(nl, TCA_TBF_RATE64, &bytes, sizeof(bytes));
        netlink_put_u32(nl, TCA_TBF_BURST, at_most_u32(burst));
        netlink_end(nl, nest);
}

/* Whatever arrives at the interface is sent by the other one, and then goes on as if it had just arrived. */
static void begin_redirect(Netlink *nl, uint32_t from, uint32_t to) {
        const struct tcmsg header = {
                .tcm_ifindex = (int) from,
                .tcm_parent = INGRESS,
                .tcm_info = TC_H_MAKE(1 << 16, htons(ETH_P_ALL)),
        };
        const struct tc_u32_sel all = { .flags = TC_U32_TERMINAL };
        const struct tc_mirred redirect = { .action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = to };
        size_t options, list, action, parameters;

        netlink_begin(nl, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
        netlink_put_string(nl, TCA_KIND, "u32");
        options = netlink_nest(nl, TCA_OPTIONS | NLA_F_NESTED);
        netlink_put(nl, TCA_U32_SEL, &all, sizeof(all));
        list = netlink_nest(nl, TCA_U32_ACT | NLA_F_NESTED);
        action = netlink_nest(nl, 1 | NLA_F_NESTED);
        netlink_put_string(nl, TCA_ACT_KIND, "mirred");
        parameters = netlink_nest(nl, TCA_ACT_OPTIONS | NLA_F_NESTED);
        netlink_put(nl, TCA_MIRRED_PARMS, &redirect, sizeof(redirect));
        netlink_end(nl, parameters);
        netlink_end(nl, action);
        netlink_end(nl, list);
        netlink_end(nl, options);
}

/* The interface that what comes out of a machine goes through. The machine's name is locked: one that is there is a dead one's. */
static int make_shaper(Netlink *nl, const char *name, const char *machine, uint32_t mtu, LinkInfo *ret) {
        _cleanup_free_ char *alias = str_format("berth rate of %s", machine);
        size_t info;
        int r;

        if (!alias)
                return -ENOMEM;
        if (link_find(nl, name, ret) >= 0)
                (void) link_delete(nl, ret->index);

        link_begin_new(nl, name);
        netlink_put_u32(nl, IFLA_MTU, mtu);
        info = netlink_nest(nl, IFLA_LINKINFO);
        netlink_put_string(nl, IFLA_INFO_KIND, "ifb");
        netlink_end(nl, info);
        r = netlink_run(nl);
        if (r >= 0)
                r = link_find(nl, name, ret);
        if (r < 0)
                return r;
        link_begin_change(nl, ret->index, /* up= */ true);
        netlink_put(nl, IFLA_IFALIAS, alias, strlen(alias));
        return netlink_run(nl);
}

/* What sch_api.c, cls_api.c, act_api.c and rtnetlink.c of the kernel answer to a kind that they have not. */
static bool is_unknown_to_kernel(int r) {
        return r == -ENOENT || r == -EOPNOTSUPP;
}

static int refuse(const Netlink *nl, const Spec *spec, int r, const char *needs, Error *error) {
        if (is_unknown_to_kernel(r))
                return error_set(error, ERROR_NOT_SUPPORTED, -r, step, spec->link.host, "this kernel cannot; NetRate= needs %s",
                                 needs);
        return error_set(error, ERROR_FAILED, -r, step, spec->link.host, *nl->reason ? "%s" : NULL, nl->reason);
}

static int limit_out(Netlink *nl, const Spec *spec, const LinkInfo *host) {
        char name[INTERFACE_NAME_MAX + 1];
        LinkInfo shaper;
        int r;

        (void) interface_name_make(SHAPER_PREFIX, spec->name, name);
        r = make_shaper(nl, name, spec->name, host->mtu, &shaper);
        if (r < 0)
                return r;
        begin_shaper(nl, shaper.index, spec->net_rate.out, host->mtu);
        begin_queue(nl, host->index, INGRESS, TC_H_INGRESS, "ingress");
        begin_redirect(nl, host->index, shaper.index);
        return netlink_run(nl);
}

int rate_set(Netlink *nl, const Spec *spec, Error *error) {
        LinkInfo host;
        int r;

        if (spec->net_rate.in == 0 && spec->net_rate.out == 0)
                return 0;
        r = link_find(nl, spec->link.host, &host);
        if (r < 0)
                return error_set_errno(error, r, step, spec->link.host);

        if (spec->net_rate.in > 0) {
                begin_shaper(nl, host.index, spec->net_rate.in, host.mtu);
                r = netlink_run(nl);
                if (r < 0)
                        return refuse(nl, spec, r, "CONFIG_NET_SCH_TBF", error);
        }
        if (spec->net_rate.out > 0) {
                r = limit_out(nl, spec, &host);
                if (r < 0)
                        return refuse(nl, spec, r,
                                      "CONFIG_NET_SCH_TBF, CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_U32, CONFIG_NET_ACT_MIRRED and "
                                      "CONFIG_IFB for what goes out",
                                      error);
        }
        return 0;
}

void rate_withdraw(Netlink *nl, const Spec *spec) {
        char name[INTERFACE_NAME_MAX + 1];
        LinkInfo shaper;

        if (spec->net_rate.out == 0)
                return;
        (void) interface_name_make(SHAPER_PREFIX, spec->name, name);
        if (link_find(nl, name, &shaper) >= 0 && streq(shaper.kind, "ifb"))
                (void) link_delete(nl, shaper.index);
}
