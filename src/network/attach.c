/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attach.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "bridge.h"
#include "config.h"
#include "extra-links.h"
#include "fd-util.h"
#include "filter.h"
#include "hosts.h"
#include "pool.h"
#include "ports.h"
#include "rate.h"
#include "remains.h"
#include "string-util.h"
#include "strv.h"

/*
 * The lock of all networks, and in it the generation of the host's packet filter that we saw last. Who only uses a
 * network holds it shared, who makes or takes away bridges and rules, alone.
 */
typedef struct Networks {
        int directory;
        int lock;
        Netlink nl;
} Networks;

#define NETWORKS_NULL (Networks){ .nl.fd = -EBADF, .lock = -EBADF, .directory = -EBADF }

static void networks_done(Networks *n) {
        netlink_done(&n->nl);
        (void) fd_close(n->lock);
        (void) fd_close(n->directory);
}
#define _cleanup_networks_ _cleanup_(networks_done)

static int lock_networks(Networks *n, int operation, Error *error) {
        while (flock(n->lock, operation) < 0)
                if (errno != EINTR)
                        return error_set_errno(error, negative_errno(), "locking the networks", POOL_DIRECTORY);
        return 0;
}

/* Fills *ret in any case. */
static int open_networks(Networks *ret, int operation, Error *error) {
        int r;

        ret->directory = pool_open_directory(POOL_DIRECTORY);
        ret->lock = ret->directory < 0 ? -EBADF
                                       : openat(ret->directory, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        r = netlink_open(NETLINK_ROUTE, &ret->nl);
        if (ret->directory < 0)
                return error_set_errno(error, ret->directory, "opening the folder of networks", POOL_DIRECTORY);
        if (ret->lock < 0)
                return error_set_errno(error, negative_errno(), "locking the networks", POOL_DIRECTORY);
        return r < 0 ? error_set_errno(error, r, "opening a netlink socket", NULL) : lock_networks(ret, operation, error);
}

/* The packet filter */

static bool filter_is_ours(const Networks *n) {
        uint32_t seen = 0;

        return pread(n->lock, &seen, sizeof(seen), 0) == sizeof(seen) && seen != 0 && seen == filter_generation();
}

static void remember_filter(const Networks *n) {
        uint32_t generation = filter_generation();

        (void) !pwrite(n->lock, &generation, sizeof(generation), 0);
}

typedef struct InUse {
        NetworkConfig *configs;
        size_t n;
} InUse;

static void in_use_done(InUse *u) {
        for (size_t i = 0; i < u->n; i++)
                network_config_done(u->configs + i);
        free(u->configs);
}
#define _cleanup_in_use_ _cleanup_(in_use_done)

static int add_in_use(const Networks *n, const char *name, InUse *u) {
        NetworkConfig *grown = reallocarray(u->configs, u->n + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        u->configs = grown;
        /* One that was forgotten meanwhile, or that is being written. */
        if (pool_read(n->directory, name, u->configs + u->n, NULL) >= 0)
                u->n++;
        return 0;
}

/* The networks in use, which are those with a file. */
static int list_in_use(const Networks *n, InUse *ret) {
        _cleanup_strv_free_ char **names = NULL;
        int r = pool_list(n->directory, &names);

        STRV_FOREACH(name, names)
                if (r >= 0)
                        r = add_in_use(n, *name, ret);
        return r;
}

static int replace_filter(const Networks *n, Error *error) {
        _cleanup_strv_free_ char **ports = NULL;
        _cleanup_in_use_ InUse u = {};
        int r = list_in_use(n, &u);

        if (r < 0)
                return error_set_errno(error, r, "listing the networks in", POOL_DIRECTORY);
        r = ports_elements_of_all(BERTH_RUN_DIR "/machines", &ports);
        if (r < 0)
                return error_set_errno(error, r, "listing the published ports in", BERTH_RUN_DIR "/machines");
        r = filter_replace(&(FilterContent){ .networks = u.configs, .n_networks = u.n, .ports = ports }, error);
        if (r >= 0)
                remember_filter(n);
        return r;
}

static int change_elements(const Networks *n, const char *command, char *const *elements, bool keys_only, Error *error) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        int r;

        if (!f)
                return error_oom(error);
        STRV_FOREACH(element, elements) {
                const char *colon = keys_only ? strstr(*element, " : ") : NULL;

                if (colon)
                        fprintf(f, "%s element inet berth %.*s }\n", command, (int) (colon - *element), *element);
                else
                        fprintf(f, "%s element inet berth %s\n", command, *element);
        }
        if (fclose(f) != 0)
                return error_oom(error);

        r = filter_run(text, "changing the packet filter", "inet berth", error);
        if (r >= 0)
                remember_filter(n);
        return r;
}

int network_add_elements(char *const *elements, Error *error) {
        _cleanup_networks_ Networks n = { .nl.fd = -EBADF };
        int r = open_networks(&n, LOCK_EX, error);

        if (r < 0)
                return r;
        r = change_elements(&n, "add", elements, /* keys_only= */ false, NULL);
        return r < 0 ? replace_filter(&n, error) : 0;
}

void network_delete_elements(char *const *elements) {
        _cleanup_networks_ Networks n = { .nl.fd = -EBADF };

        if (open_networks(&n, LOCK_EX, NULL) >= 0 && change_elements(&n, "delete", elements, /* keys_only= */ true, NULL) < 0)
                (void) replace_filter(&n, NULL);
}

/* Attaching */

static int no_filter(const char *network, const Error *why, Error *error) {
        _cleanup_free_ char *text = error_render(why);

        return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, "setting up the network", network,
                         "%s; --network=none and --network=host need no packet filter", strempty(text));
}

/* The bridge is there and the filter is right, with the lock held in one way or the other; 0 where that is not so. */
static int find_ready(Networks *n, const char *bridge, bool filtered, LinkInfo *ret) {
        int r = link_find(&n->nl, bridge, ret);

        if (r == -ENODEV)
                return 0;
        return r < 0 ? r : !filtered || filter_is_ours(n);
}

static int make_ready(Networks *n, const char *network, LinkInfo *bridge, Error *error) {
        _cleanup_network_config_ NetworkConfig config = {};
        _cleanup_error_ Error why = ERROR_NULL;
        bool made = false;
        int r = pool_read(n->directory, network, &config, error);

        if (r < 0)
                return error_set_errno(error, r, "reading the network", network);

        r = link_find(&n->nl, config.bridge, bridge);
        if (r == -ENODEV) {
                r = bridge_make(&n->nl, &config, bridge, error);
                made = r >= 0;
        } else if (r >= 0 && !startswith(bridge->alias, BRIDGE_ALIAS))
                r = error_set(error, ERROR_NETWORK_EXISTS, EEXIST, "setting up the network", network,
                              "the host has an interface %s of somebody else's", config.bridge);
        if (r < 0)
                return error_set_errno(error, r, "setting up the network", network);

        r = replace_filter(n, &why);
        if (r < 0 && made)
                (void) link_delete(&n->nl, bridge->index);
        return r < 0 ? no_filter(network, &why, error) : 0;
}

static int find_network_bridge(Networks *n, const SpecLink *link, LinkInfo *ret, Error *error) {
        int r = find_ready(n, link->bridge, /* filtered= */ true, ret);

        if (r == 0) {
                r = lock_networks(n, LOCK_EX, error);
                /* Once more, since the lock was free for a moment. */
                if (r >= 0)
                        r = find_ready(n, link->bridge, /* filtered= */ true, ret);
                if (r == 0)
                        return make_ready(n, link->network, ret, error);
        }
        return r < 0 ? error_set_errno(error, r, "looking for the bridge", link->bridge) : 0;
}

static int find_host_bridge(Networks *n, const char *name, LinkInfo *ret, Error *error) {
        int r = link_find(&n->nl, name, ret);

        if (r == -ENODEV)
                return error_set(error, ERROR_NO_SUCH_NETWORK, ENODEV, "looking for the bridge", name,
                                 "there is no such interface of the host");
        if (r < 0)
                return error_set_errno(error, r, "looking for the bridge", name);
        if (!streq(ret->kind, "bridge"))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "looking for the bridge", name, "it is no bridge");
        return 0;
}

/* What CONFIG, that of a network of berth's or an empty one, asks of each link. */
static int make_link(Networks *n, const Spec *spec, const LinkInfo *bridge, const NetworkConfig *config, pid_t leader,
                     Error *error) {
        const SpecLink *link = &spec->link;
        uint8_t mac[MAC_SIZE];
        LinkPair pair = {
                .host = link->host,
                .bridge = bridge->index,
                .full = link->full,
                .inside = link->inside,
                .mtu = config->mtu,
                .isolated = config->no_icc,
                /* Where bridges ask the packet filter (br_netfilter), a machine that asks for its own port is answered from port to port. */
                .hairpin = link->network && spec->port,
                .peer_pid = leader,
        };
        int r;

        if (link->mac && mac_parse(link->mac, mac) >= 0)
                pair.mac = mac;
        r = link_make_pair(&n->nl, &pair);
        if (r < 0)
                return error_set(error, r == -EOPNOTSUPP ? ERROR_NOT_SUPPORTED : ERROR_FAILED, -r, "making the link", link->host,
                                 *n->nl.reason ? "%s" : NULL, n->nl.reason);
        return 0;
}

static int make_network_link(Networks *n, const Spec *spec, const LinkInfo *bridge, pid_t leader, Error *error) {
        _cleanup_network_config_ NetworkConfig config = {};
        int r = pool_read(n->directory, spec->link.network, &config, error);

        if (r < 0)
                return error_set_errno(error, r, "reading the network", spec->link.network);
        return make_link(n, spec, bridge, &config, leader, error);
}

static int attach_own_link(Networks *n, const Spec *spec, pid_t leader, Error *error) {
        const SpecLink *link = &spec->link;
        LinkInfo bridge = {};
        int r = 0;

        if (link->network) {
                r = find_network_bridge(n, link, &bridge, error);
                if (r >= 0)
                        r = make_network_link(n, spec, &bridge, leader, error);
                if (r >= 0)
                        hosts_tell(spec, /* leaving= */ false);
                return r;
        }
        if (link->bridge)
                r = find_host_bridge(n, link->bridge, &bridge, error);
        return r < 0 ? r : make_link(n, spec, &bridge, &(NetworkConfig){}, leader, error);
}

static bool has_extra_links(const Spec *spec) {
        return spec->macvlan || spec->ipvlan || spec->interface || spec->virtual_ethernet_extra ||
               spec->network.mode >= NETWORK_MACVLAN;
}

int network_attach(const Spec *spec, pid_t leader, Error *error) {
        _cleanup_networks_ Networks n = NETWORKS_NULL;
        int r;

        if (!spec->link.host && !has_extra_links(spec))
                return 0;

        r = open_networks(&n, LOCK_SH, error);
        if (r >= 0)
                r = remains_note(spec, error);
        if (r >= 0 && spec->link.host)
                r = attach_own_link(&n, spec, leader, error);
        if (r >= 0)
                r = rate_set(&n.nl, spec, error);
        return r < 0 ? r : extra_links_attach(&n.nl, spec, leader, error);
}

int network_keep(const Spec *spec, int namespace, Error *error) {
        _cleanup_networks_ Networks n = NETWORKS_NULL;
        int r = open_networks(&n, LOCK_EX, error);

        if (r < 0)
                return r;
        /* The one that is to be moved may be in the namespace of a dead machine, and so may be another life of this one. */
        remains_sweep();
        remains_withdraw(spec);
        r = remains_note(spec, error);
        return r < 0 ? r : remains_pin(spec, namespace, error);
}

void network_detach(const Spec *spec) {
        _cleanup_netlink_ Netlink nl = { .fd = -EBADF };
        LinkInfo link;

        if (spec->link.host && netlink_open(NETLINK_ROUTE, &nl) >= 0 && link_find(&nl, spec->link.host, &link) >= 0)
                (void) link_delete(&nl, link.index);
}

/* Tidying up */

typedef struct Stale {
        Networks *networks;
        uint32_t indices[64];
        size_t n;
} Stale;

/*
 * A bridge of ours whose network has no machine is stale. Its file goes at once, so that nobody takes an address of it any more.
 * And so is the end of a link whose machine is dead, but whose network namespace somebody keeps.
 */
static bool is_stale(const LinkInfo *link, const Networks *networks) {
        const char *network = startswith(link->alias, BRIDGE_ALIAS);

        if (network && streq(link->kind, "bridge"))
                return pool_forget(networks->directory, network) >= 0;
        return streq(link->kind, "veth") && startswith(link->name, LINK_GONE);
}

static int note_stale(const LinkInfo *link, void *userdata) {
        Stale *stale = userdata;

        if (stale->n < ELEMENTSOF(stale->indices) && is_stale(link, stale->networks))
                stale->indices[stale->n++] = link->index;
        return 0;
}

int network_sweep(Error *error) {
        _cleanup_networks_ Networks n = NETWORKS_NULL;
        _cleanup_in_use_ InUse u = {};
        Stale stale = { .networks = &n };
        size_t forgotten = 0;
        int r = open_networks(&n, LOCK_EX, error);

        if (r < 0)
                return r;

        remains_sweep();
        r = link_list(&n.nl, note_stale, &stale);
        for (size_t i = 0; i < stale.n; i++)
                (void) link_delete(&n.nl, stale.indices[i]);
        if (r < 0)
                return error_set_errno(error, r, "looking for bridges that nobody uses", NULL);

        /* Networks whose start failed before they had a bridge, or whose bridge somebody took away. */
        r = list_in_use(&n, &u);
        for (size_t i = 0; r >= 0 && i < u.n; i++)
                forgotten += pool_forget(n.directory, u.configs[i].name) > 0;
        return stale.n > 0 || forgotten > 0 ? replace_filter(&n, error) : 0;
}

int network_reload(Error *error) {
        _cleanup_networks_ Networks n = NETWORKS_NULL;
        int r = open_networks(&n, LOCK_EX, error);

        if (r >= 0)
                r = replace_filter(&n, error);
        hosts_tell_all();
        return r;
}
