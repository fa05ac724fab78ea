/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network-create.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "fd-util.h"
#include "pool.h"
#include "spec.h"
#include "store.h"
#include "string-util.h"
#include "strv.h"
#include "subnet.h"

static const char step[] = "creating the network";

/* A bridge with IPv6 has to take packets of this size (RFC 8200), or the kernel takes IPv6 away from it. */
enum { IPV6_MTU_MIN = 1280 };

static int refuse(const NetworkConfig *config, const IpAddress *a, const char *why, Error *error) {
        char buffer[IP_TEXT_MAX];

        return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, config->name, "%s %s", ip_format(a, buffer), why);
}

static int take_subnet(NetworkConfig *config, const char *text, Error *error) {
        IpAddress a, *field;
        int r = ip_parse_prefix(text, 0, &a);

        if (r < 0)
                return error_set_errno(error, r, step, config->name);
        field = a.family == AF_INET ? &config->subnet : &config->subnet6;
        if (ip_is_set(field))
                return refuse(config, &a, "is a second subnet of its family", error);
        /* Its own address, the gateway and one machine; in IPv4 that of all stations too. */
        if (ip_count(&a) < 4)
                return refuse(config, &a, "is too small a subnet for a gateway and a machine", error);
        *field = a;
        return 0;
}

static int take_gateway(NetworkConfig *config, const char *text, Error *error) {
        const IpAddress *subnet;
        IpAddress a, *field;
        uint64_t number;
        int r = ip_parse(text, 0, &a);

        if (r < 0)
                return error_set_errno(error, r, step, config->name);
        subnet = a.family == AF_INET ? &config->subnet : &config->subnet6;
        field = a.family == AF_INET ? &config->gateway : &config->gateway6;
        if (ip_is_set(field))
                return refuse(config, &a, "is a second gateway of its family", error);
        if (!ip_overlap(subnet, &a))
                return refuse(config, &a, "as a gateway is in no subnet that was given", error);
        a.prefix = subnet->prefix;
        number = ip_number(&a);
        if (number == 0 || (a.family == AF_INET && number == ip_count(subnet) - 1))
                return refuse(config, &a, "is the address of the whole network, and no gateway", error);
        *field = a;
        return 0;
}

static int take_options(NetworkConfig *config, const NetworkOptions *options, Error *error) {
        int r = 0;

        STRV_FOREACH(text, options->subnets)
                if (r >= 0)
                        r = take_subnet(config, *text, error);
        STRV_FOREACH(text, options->gateways)
                if (r >= 0)
                        r = take_gateway(config, *text, error);
        if (r < 0)
                return r;

        config->mtu = options->mtu;
        config->internal = options->internal;
        config->isolated = options->isolated;
        config->no_icc = !options->icc;
        config->no_host_access = !options->host_access;
        config->no_ipv6 = !options->ipv6 && !ip_is_set(&config->subnet6);
        if (config->mtu != 0 && config->mtu < IPV6_MTU_MIN && !config->no_ipv6)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, config->name,
                                 "IPv6 needs an MTU of %i at least; --ipv6=no goes without", IPV6_MTU_MIN);
        return 0;
}

/* Where other networks are. */
typedef struct Others {
        int directory;           /* of those in use */
        const char *state;
} Others;

/* Who has a part of it, or NULL; the caller's. */
static char *find_other(const Others *others, const IpAddress *subnet) {
        char *name = pool_find_overlap(others->directory, subnet);

        return name ? name : store_find_overlap(others->state, subnet);
}

static bool is_taken(const IpAddress *subnet, void *userdata) {
        _cleanup_free_ char *other = find_other(userdata, subnet);

        return other;
}

static int check_given(const NetworkConfig *config, const IpAddress *subnet, const Others *others, Error *error) {
        _cleanup_free_ char *other = ip_is_set(subnet) ? find_other(others, subnet) : NULL, *route = NULL;
        char buffer[IP_TEXT_MAX];
        int r = ip_is_set(subnet) ? subnet_collides(subnet, config->bridge, &route) : 0;

        if (other)
                return error_set(error, ERROR_ADDRESS_TAKEN, EADDRINUSE, step, config->name, "the network '%s' has a part of %s",
                                 other, ip_format_prefix(subnet, buffer));
        if (r > 0)
                return error_set(error, ERROR_ADDRESS_TAKEN, EADDRINUSE, step, config->name,
                                 "%s is in use: the host has a route to %s", ip_format_prefix(subnet, buffer), route);
        return r < 0 ? error_set_errno(error, r, step, config->name) : 0;
}

static int open_pool(const char *run) {
        _cleanup_free_ char *path = str_format("%s/network", run);

        return path ? pool_open_directory(path) : -ENOMEM;
}

int network_create(const char *run, const char *state, const char *name, const NetworkOptions *options, Error *error) {
        _cleanup_network_config_ NetworkConfig config = {}, old = {};
        _cleanup_close_ int directory = open_pool(run);
        Others others = { directory, state };
        int r = network_check_name(name, error);

        if (r < 0)
                return r;
        if (directory < 0)
                return error_set_errno(error, directory, step, name);
        if (store_read(state, name, &old, NULL) != -ENOENT)
                return error_set(error, ERROR_NETWORK_EXISTS, EEXIST, step, name, "there is one of this name");

        r = network_config_init(name, &config);
        if (r < 0)
                return error_set_errno(error, r, step, name);
        r = take_options(&config, options, error);
        if (r >= 0)
                r = check_given(&config, &config.subnet, &others, error);
        if (r >= 0)
                r = check_given(&config, &config.subnet6, &others, error);
        if (r >= 0)
                r = subnet_pick(&config, is_taken, &others, error);
        return r < 0 ? r : store_write(state, &config, error);
}

const char *network_kind_to_string(NetworkKind kind) {
        static const char *const words[] = {
                [NETWORK_KIND_DEFAULT] = "default",
                [NETWORK_KIND_CREATED] = "created",
                [NETWORK_KIND_ZONE] = "zone",
        };

        return words[kind];
}

int network_look_up(const char *run, const char *state, const char *name, NetworkConfig *ret, NetworkKind *ret_kind) {
        bool is_default = streq(name, NETWORK_DEFAULT), is_zone = startswith(name, NETWORK_ZONE_PREFIX);
        _cleanup_close_ int directory = -EBADF;
        int r;

        if (!is_default && !is_zone && spec_check_name(name, NULL) < 0)
                return -ENOENT;
        directory = open_pool(run);
        if (directory < 0)
                return directory;

        r = strchr(name, '/') ? -ENOENT : pool_read(directory, name, ret, NULL);
        if (r == -ENOENT && is_default)
                r = network_config_init(name, ret);
        else if (r == -ENOENT && !is_zone)
                r = store_read(state, name, ret, NULL);
        *ret_kind = is_default ? NETWORK_KIND_DEFAULT : is_zone ? NETWORK_KIND_ZONE : NETWORK_KIND_CREATED;
        return r;
}

int network_list(const char *run, const char *state, char ***names) {
        _cleanup_strv_free_ char **in_use = NULL;
        _cleanup_close_ int directory = open_pool(run);
        int r = directory < 0 ? directory : strv_append(names, NETWORK_DEFAULT);

        if (r >= 0)
                r = store_list(state, names);
        if (r >= 0)
                r = pool_list(directory, &in_use);
        STRV_FOREACH(name, in_use)
                if (r >= 0 && !strv_contains(*names, *name))
                        r = strv_append(names, *name);
        return r;
}
