/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge.h"

#include <dirent.h>
#include <fcntl.h>

#include "file-util.h"
#include "log.h"
#include "string-util.h"
#include "subnet.h"

static int check_subnet(const NetworkConfig *config, const IpAddress *subnet, Error *error) {
        _cleanup_free_ char *route = NULL;
        char buffer[IP_TEXT_MAX];
        int r = ip_is_set(subnet) ? subnet_collides(subnet, config->bridge, &route) : 0;

        if (r < 0)
                return error_set_errno(error, r, "reading the host's routes for the network", config->name);
        if (r > 0)
                return error_set(error, ERROR_ADDRESS_TAKEN, EADDRINUSE, "setting up the network", config->name,
                                 "its range %s is in use: the host has a route to %s", ip_format_prefix(subnet, buffer), route);
        return 0;
}

/* Forwarding */

static bool is_set_to(const char *path, const char *value) {
        _cleanup_free_ char *text = NULL;

        return file_read_line(AT_FDCWD, path, &text) >= 0 && streq(text, value);
}

static int switch_on(const char *path, const char *value, const char *why, const char *object, Error *error) {
        int r;

        if (is_set_to(path, value))
                return 0;
        r = file_write_value(AT_FDCWD, path, value);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_set_errno(error, r, why, object);
        log_info("%s is %s from now on, since %s needs it", path, value, object);
        return 0;
}

/*
 * A host that forwards IPv6 takes no router advertisements unless it is told to (ip-sysctl: accept_ra): those that it
 * had its routes from must stay.
 */
static int keep_advertisements(const NetworkConfig *config, Error *error) {
        DIR *stream = opendir("/proc/sys/net/ipv6/conf");
        struct dirent *item;
        int r = 0;

        while (stream && r >= 0 && (item = readdir(stream))) {
                _cleanup_free_ char *path = NULL;

                if (item->d_name[0] == '.' || streq(item->d_name, "lo"))
                        continue;
                path = str_format("/proc/sys/net/ipv6/conf/%s/accept_ra", item->d_name);
                if (!path)
                        r = error_oom(error);
                else if (is_set_to(path, "1"))
                        r = switch_on(path, "2", "keeping router advertisements for the network", config->bridge, error);
        }
        if (stream)
                (void) closedir(stream);
        return r;
}

static int forward(const NetworkConfig *config, Error *error) {
        static const char path4[] = "/proc/sys/net/ipv4/ip_forward", path6[] = "/proc/sys/net/ipv6/conf/all/forwarding";
        static const char why[] = "switching on forwarding for the network";
        int r = 0;

        if (config->internal)
                return 0;
        if (ip_is_set(&config->subnet))
                r = switch_on(path4, "1", why, config->bridge, error);
        if (r >= 0 && ip_is_set(&config->subnet6) && !is_set_to(path6, "1")) {
                r = keep_advertisements(config, error);
                if (r >= 0)
                        r = switch_on(path6, "1", why, config->bridge, error);
        }
        return r;
}

/* The bridge */

static int refuse(const NetworkConfig *config, const Netlink *nl, int r, Error *error) {
        if (r == -EOPNOTSUPP)
                return error_set(error, ERROR_NOT_SUPPORTED, -r, "making the bridge", config->bridge,
                                 "this kernel has no bridges (CONFIG_BRIDGE); --network=none and --network=veth need none");
        return error_set(error, ERROR_FAILED, -r, "making the bridge", config->bridge, *nl->reason ? "%s" : NULL, nl->reason);
}

int bridge_make(Netlink *nl, const NetworkConfig *config, LinkInfo *ret, Error *error) {
        _cleanup_free_ char *alias = str_format(BRIDGE_ALIAS "%s", config->name);
        uint8_t mac[MAC_SIZE];
        int r = check_subnet(config, &config->subnet, error);

        if (r >= 0)
                r = check_subnet(config, &config->subnet6, error);
        if (r < 0)
                return r;
        if (!alias)
                return error_oom(error);

        mac_of_address(ip_is_set(&config->gateway) ? &config->gateway : &config->gateway6, mac);
        r = link_make_bridge(nl, config->bridge, alias, mac, config->mtu);
        if (r >= 0)
                r = link_find(nl, config->bridge, ret);
        if (r < 0)
                return refuse(config, nl, r, error);

        if (ip_is_set(&config->gateway))
                link_begin_address(nl, ret->index, &config->gateway);
        if (ip_is_set(&config->gateway6))
                link_begin_address(nl, ret->index, &config->gateway6);
        r = netlink_run(nl);
        r = r < 0 ? refuse(config, nl, r, error) : forward(config, error);
        if (r < 0)
                (void) link_delete(nl, ret->index);
        return r;
}
