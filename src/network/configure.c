/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attach.h"
#include "interface.h"

#include <fcntl.h>
#include <net/if.h>

#include "extra-links.h"
#include "file-util.h"
#include "string-util.h"
#include "strv.h"

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

typedef struct Configure {
        Netlink nl;
        const SpecLink *own;     /* configured by itself */
        Error *error;
} Configure;

static int raise_extra(const ExtraLink *extra, void *userdata) {
        Configure *c = userdata;
        uint32_t index = if_nametoindex(extra->inside);

        if (index == 0)
                return error_set_errno(c->error, negative_errno(), step, extra->inside);
        if (!c->own->inside || !streq(c->own->inside, extra->inside))
                link_begin_change(&c->nl, index, /* up= */ true);
        return 0;
}

static int begin_own(Netlink *nl, const SpecLink *link, Error *error) {
        uint32_t index = if_nametoindex(link->inside);
        int r;

        if (index == 0)
                return error_set_errno(error, negative_errno(), step, link->inside);
        link_begin_change(nl, index, /* up= */ true);
        r = begin_address(nl, index, link->address);
        if (r >= 0)
                r = begin_address(nl, index, link->address6);
        if (r >= 0)
                r = begin_gateway(nl, index, link->gateway);
        return r < 0 ? r : begin_gateway(nl, index, link->gateway6);
}

/* All in one go: the routes lead to addresses that are there by the time that the kernel reads of them. */
static int configure_links(const Spec *spec, Error *error) {
        Configure c = { .own = &spec->link, .error = error };
        int r = netlink_open(NETLINK_ROUTE, &c.nl);

        if (r < 0)
                return error_set_errno(error, r, "opening a netlink socket", NULL);
        if (spec->link.inside)
                r = begin_own(&c.nl, &spec->link, error);
        if (r >= 0)
                r = extra_links_foreach(spec, raise_extra, &c);
        if (r >= 0)
                r = netlink_run(&c.nl);
        netlink_done(&c.nl);
        return r < 0 ? error_set(error, ERROR_FAILED, -r, step, spec->link.inside, *c.nl.reason ? "%s" : NULL, c.nl.reason) : 0;
}

/* Settings of the network namespace */

static int set_sysctl(const char *assignment, Error *error) {
        static const char doing[] = "setting the sysctl";
        size_t n = strcspn(assignment, "=");
        _cleanup_free_ char *name = strndup(assignment, n), *path = name ? str_format("/proc/sys/%s", name) : NULL;
        int r;

        if (!path)
                return error_oom(error);
        /* Dots are slashes, and slashes dots, where an interface has one in its name: sysctl.d(5). */
        for (char *p = path + strlen("/proc/sys/"); *p; p++)
                *p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
        r = file_write_value(AT_FDCWD, path, assignment + n + 1);
        if (r == -ENOENT)
                return error_set(error, ERROR_INVALID_VALUE, ENOENT, doing, name, "this kernel has no such setting of a network");
        if (r == -EACCES || r == -EPERM)
                return error_set(error, ERROR_INVALID_VALUE, -r, doing, name, "it is the whole host's, and no network's own");
        return r < 0 ? error_set_errno(error, r, doing, assignment) : 0;
}

int network_configure(const Spec *spec, Error *error) {
        int r = 0;

        if (!spec_has_own_network(spec))
                return 0;
        if (spec->link.inside || spec->virtual_ethernet_extra || spec->macvlan || spec->ipvlan || spec->interface)
                r = configure_links(spec, error);
        STRV_FOREACH(assignment, spec->sysctl)
                if (r >= 0)
                        r = set_sysctl(*assignment, error);
        return r;
}
