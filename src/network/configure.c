/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attach.h"
#include "interface.h"

#include <net/if.h>

static const char step[] = "configuring the link";

static int begin_address(Netlink *nl, uint32_t index, const char *text) {
        IpAddress a;
        int r = text ? ip_parse_prefix(text, 0, &a) : 0;

        if (r >= 0 && text)
                link_begin_address(nl, index, &a);
        return r;
}

static int begin_gateway(Netlink *nl, uint32_t index, const char *text) {
        IpAddress via;
        int r = text ? ip_parse(text, 0, &via) : 0;

        if (r >= 0 && text)
                link_begin_route(nl, index, NULL, &via);
        return r;
}

int network_configure(const Spec *spec, Error *error) {
        const SpecLink *link = &spec->link;
        _cleanup_netlink_ Netlink nl = { .fd = -EBADF };
        uint32_t index;
        int r;

        if (!link->host)
                return 0;
        index = if_nametoindex(link->inside);
        if (index == 0)
                return error_set_errno(error, negative_errno(), step, link->inside);

        /* All in one go: the routes lead to addresses that are there by the time that the kernel reads of them. */
        r = netlink_open(NETLINK_ROUTE, &nl);
        if (r < 0)
                return error_set_errno(error, r, "opening a netlink socket", NULL);
        link_begin_change(&nl, index, /* up= */ true);
        r = begin_address(&nl, index, link->address);
        if (r >= 0)
                r = begin_address(&nl, index, link->address6);
        if (r >= 0)
                r = begin_gateway(&nl, index, link->gateway);
        if (r >= 0)
                r = begin_gateway(&nl, index, link->gateway6);
        if (r >= 0)
                r = netlink_run(&nl);
        if (r < 0)
                return error_set(error, ERROR_FAILED, -r, step, link->inside, *nl.reason ? "%s" : NULL, nl.reason);
        return 0;
}
