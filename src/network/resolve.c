/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "resolve.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "extra-links.h"
#include "fd-util.h"
#include "pool.h"
#include "setting.h"
#include "store.h"
#include "string-util.h"
#include "strv.h"

static const char step[] = "resolving the network";

/* Words */

static int set_mode(Spec *spec, NetworkMode mode, const char *name) {
        spec->network.mode = mode;
        return str_replace(&spec->network.name, name);
}

static bool is_given(const Spec *spec, const char *name) {
        return setting_is_assigned(setting_by_name(name), spec);
}

/*
 * nspawn's words, for those who use them: a link means a network of one's own, and without any word there is what
 * Network= says by default. Where Network= was given, it has the last word.
 */
static int merge_words(Spec *spec) {
        if (is_given(spec, "Network"))
                return 0;
        if (spec->namespace_path)
                return set_mode(spec, NETWORK_NAMESPACE, spec->namespace_path);
        if (spec->bridge)
                return set_mode(spec, NETWORK_HOST_BRIDGE, spec->bridge);
        if (spec->zone)
                return set_mode(spec, NETWORK_ZONE, spec->zone);
        if (spec->virtual_ethernet)
                return set_mode(spec, NETWORK_VETH, NULL);
        if (spec->interface || spec->macvlan || spec->ipvlan || spec->virtual_ethernet_extra)
                return set_mode(spec, NETWORK_NONE, NULL);
        if (is_given(spec, "Private"))
                return set_mode(spec, spec->private_network ? NETWORK_NONE : NETWORK_HOST, NULL);
        return 0;
}

/* Addresses */

static int parse_given(const char *text, IpAddress *ret) {
        *ret = (IpAddress){};
        if (!text || ip_parse(text, 0, ret) >= 0)
                return 0;
        return ip_parse_prefix(text, 0, ret);
}

static int set_address(char **part, const IpAddress *a) {
        char buffer[IP_TEXT_MAX];

        return ip_is_set(a) ? str_replace(part, ip_format_prefix(a, buffer)) : 0;
}

static int set_gateway(char **part, const IpAddress *a) {
        char buffer[IP_TEXT_MAX];

        return ip_is_set(a) ? str_replace(part, ip_format(a, buffer)) : 0;
}

static int set_mac(Spec *spec, const PoolLease *lease) {
        const IpAddress *a = ip_is_set(&lease->address) ? &lease->address : &lease->address6;
        uint8_t mac[MAC_SIZE];
        char buffer[MAC_TEXT_MAX];

        if (spec->mac_address)
                return str_replace(&spec->link.mac, spec->mac_address);
        mac_of_address(a, mac);
        return str_replace(&spec->link.mac, mac_format(mac, buffer));
}

/* Where the network is not berth's, what was given is taken as it is, and its prefix length must be known. */
static int take_given(Spec *spec, Error *error) {
        IpAddress a, b;

        if (parse_given(spec->ipv4_address, &a) < 0 || parse_given(spec->ipv6_address, &b) < 0)
                return error_set_errno(error, -EINVAL, step, spec->name);
        if ((ip_is_set(&a) && !strchr(spec->ipv4_address, '/')) || (ip_is_set(&b) && !strchr(spec->ipv6_address, '/')))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, spec->name,
                                 "on a network that is not berth's an address needs its prefix length, like %s/24",
                                 ip_is_set(&a) && !strchr(spec->ipv4_address, '/') ? spec->ipv4_address : spec->ipv6_address);
        if (set_address(&spec->link.address, &a) < 0 || set_address(&spec->link.address6, &b) < 0 ||
            str_replace(&spec->link.mac, spec->mac_address) < 0)
                return error_oom(error);
        return 0;
}

static int fill_from_lease(Spec *spec, const NetworkConfig *config, const PoolLease *lease, Error *error) {
        SpecLink *link = &spec->link;
        int r = str_replace(&link->network, config->name);

        if (r >= 0)
                r = str_replace(&link->bridge, config->bridge);
        if (r >= 0)
                r = set_address(&link->address, &lease->address);
        if (r >= 0)
                r = set_address(&link->address6, &lease->address6);
        if (r >= 0 && !config->internal)
                r = set_gateway(&link->gateway, &config->gateway);
        if (r >= 0 && !config->internal)
                r = set_gateway(&link->gateway6, &config->gateway6);
        if (r >= 0)
                r = set_mac(spec, lease);
        return r < 0 ? error_oom(error) : 0;
}

static int lease_addresses(const char *run, const char *state, const NetworkConfig *wanted, Spec *spec, int *ret_lock,
                           Error *error) {
        _cleanup_network_config_ NetworkConfig config = {};
        _cleanup_free_ char *path = str_format("%s/network", run);
        _cleanup_close_ int directory = path ? pool_open_directory(path) : -ENOMEM, lock = -EBADF;
        PoolWish wish = { .seed = spec->name, .state = state };
        PoolLease lease;
        int r;

        if (directory < 0)
                return error_set_errno(error, directory, step, path);
        if (parse_given(spec->ipv4_address, &wish.address) < 0 || parse_given(spec->ipv6_address, &wish.address6) < 0)
                return error_set_errno(error, -EINVAL, step, spec->name);

        r = pool_take(directory, wanted, &wish, &config, &lease, error);
        if (r < 0)
                return r;
        lock = lease.lock;
        r = fill_from_lease(spec, &config, &lease, error);
        if (r < 0)
                return r;
        *ret_lock = TAKE_FD(lock);
        return 0;
}

/* The modes */

bool network_host_name(NetworkMode mode, const char *name, char ret[static INTERFACE_NAME_MAX + 1]) {
        switch (mode) {
        case NETWORK_BRIDGE:
        case NETWORK_HOST_BRIDGE:
        case NETWORK_ZONE:
                return interface_name_make("vb-", name, ret);
        case NETWORK_VETH:
                return interface_name_make("ve-", name, ret);
        default:
                ret[0] = '\0';
                return true;
        }
}

static int name_ends(Spec *spec, const char *inside, Error *error) {
        char name[INTERFACE_NAME_MAX + 1];
        bool fits = network_host_name(spec->network.mode, spec->name, name);
        int r = str_replace(&spec->link.host, name);

        if (r >= 0 && !fits)
                r = (spec->link.full = str_format("%.3s%s", name, spec->name)) ? 0 : -ENOMEM;
        if (r >= 0)
                r = str_replace(&spec->link.inside, inside);
        return r < 0 ? error_oom(error) : 0;
}

/* "host0" is what systemd-networkd in the machine configures by DHCP; "eth0" it leaves alone, for berth has configured it. */
static int resolve_foreign(Spec *spec, const char *bridge, Error *error) {
        int r = name_ends(spec, "host0", error);

        if (r >= 0 && str_replace(&spec->link.bridge, bridge) < 0)
                r = error_oom(error);
        return r < 0 ? r : take_given(spec, error);
}

static int resolve_leased(const char *run, const char *state, const NetworkConfig *config, Spec *spec, int *ret_lock,
                          Error *error) {
        int r;

        if (config->internal && spec->port)
                return error_set(
                        error, ERROR_INVALID_VALUE, EINVAL, step, "Port",
                        "the network '%s' is internal: nothing comes in from outside, and a port of it is the host's alone to use",
                        config->name);
        r = name_ends(spec, "eth0", error);
        return r < 0 ? r : lease_addresses(run, state, config, spec, ret_lock, error);
}

static int resolve_network(const char *run, const char *state, Spec *spec, int *ret_lock, Error *error) {
        _cleanup_network_config_ NetworkConfig config = {};
        const char *name = spec->network.name;
        int r;

        if (spec->network.mode == NETWORK_ZONE) {
                _cleanup_free_ char *zone = str_format(NETWORK_ZONE_PREFIX "%s", name);

                r = zone ? network_config_init(zone, &config) : -ENOMEM;
        } else if (!name)
                r = network_config_init(NETWORK_DEFAULT, &config);
        else
                r = store_read(state, name, &config, error);

        if (r == -ENOENT && spec->network.mode == NETWORK_HOST_BRIDGE)
                return resolve_foreign(spec, name, error);
        if (r == -ENOENT)
                return error_set(error, ERROR_NO_SUCH_NETWORK, ENOENT, step, name, "there is no such network");
        if (r < 0)
                return error_set_errno(error, r, step, name);
        return resolve_leased(run, state, &config, spec, ret_lock, error);
}

/* Only what the pool gave is sure to be reached from the host. */
static int check_ports(const Spec *spec, Error *error) {
        if (!spec->port || spec->link.network)
                return 0;
        return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, "Port",
                         "with this Network= the machine has no address that the host could lead a port to");
}

/* It is kept on the host's end of a link, where nobody inside can lift it. */
static int check_rate(const Spec *spec, Error *error) {
        if ((spec->net_rate.in == 0 && spec->net_rate.out == 0) || spec->link.host)
                return 0;
        return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, "NetRate",
                         "with this Network= the machine has no link whose other end is the host's, which could keep the rate");
}

/* Its own on an interface of the host, or that interface: with the addresses that were given, if any. */
static int resolve_on_interface(Spec *spec, ExtraLinkKind kind, Error *error) {
        ExtraLink link;

        extra_link_read(kind, spec->network.name, &link);
        return str_replace(&spec->link.inside, link.inside) < 0 ? error_oom(error) : take_given(spec, error);
}

/* Where the machine has no network of its own, a link would be somebody else's. */
static int check_extra_links(const Spec *spec, Error *error) {
        const char *given = spec->interface                ? "Interface"
                            : spec->macvlan                ? "MACVLAN"
                            : spec->ipvlan                 ? "IPVLAN"
                            : spec->virtual_ethernet_extra ? "VirtualEthernetExtra"
                            : spec->sysctl                 ? "Sysctl"
                                                           : NULL;

        if (!given || spec_has_own_network(spec))
                return 0;
        return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, given,
                         "with this Network= the machine has no network of its own that this could be in");
}

static int refuse_addresses(const Spec *spec, Error *error) {
        const char *given = spec->ipv4_address ? "IPv4Address" : spec->ipv6_address ? "IPv6Address" : NULL;

        if (!given)
                given = spec->mac_address ? "MACAddress" : NULL;
        return given ? error_set(error, ERROR_INVALID_VALUE, EINVAL, step, given,
                                 "with this Network= the machine has no link that could have the address")
                     : 0;
}

static int resolve_mode(const char *run, const char *state, Spec *spec, int *ret_lock, Error *error) {
        switch (spec->network.mode) {
        case NETWORK_BRIDGE:
        case NETWORK_HOST_BRIDGE:
        case NETWORK_ZONE:
                return resolve_network(run, state, spec, ret_lock, error);
        case NETWORK_VETH:
                return resolve_foreign(spec, NULL, error);
        case NETWORK_MACVLAN:
                return resolve_on_interface(spec, EXTRA_LINK_MACVLAN, error);
        case NETWORK_IPVLAN:
                return resolve_on_interface(spec, EXTRA_LINK_IPVLAN, error);
        case NETWORK_INTERFACE:
                return resolve_on_interface(spec, EXTRA_LINK_INTERFACE, error);
        default:
                return refuse_addresses(spec, error);
        }
}

int network_resolve(const char *run, const char *state, Spec *spec, int *ret_lock, Error *error) {
        _cleanup_close_ int lock = -EBADF;
        int r = merge_words(spec);

        *ret_lock = -EBADF;
        spec_link_done(&spec->link);
        if (r < 0)
                return error_oom(error);
        r = check_extra_links(spec, error);
        if (r >= 0)
                r = resolve_mode(run, state, spec, &lock, error);
        if (r >= 0)
                r = check_ports(spec, error);
        if (r >= 0)
                r = check_rate(spec, error);
        if (r >= 0)
                *ret_lock = TAKE_FD(lock);
        return r;
}

void network_unresolve(const char *run, const Spec *spec) {
        _cleanup_free_ char *path = spec && spec->link.network ? str_format("%s/network", run) : NULL;
        _cleanup_close_ int directory = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -EBADF;
        _cleanup_free_ char *bridge = directory >= 0 ? str_format("/sys/class/net/%s", spec->link.bridge) : NULL;

        /* A bridge without a file would be nobody's: with one, network_sweep() sees to both. */
        if (bridge && access(bridge, F_OK) < 0)
                (void) pool_forget(directory, spec->link.network);
}
