/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "subnet.h"

#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>
#include <systemd/sd-id128.h>

#include "file-util.h"
#include "string-util.h"
#include "strv.h"

enum { ROUTES_MAX = 8 * 1024 * 1024 };

typedef struct Route {
        IpAddress to;
        char interface[IF_NAMESIZE];
} Route;

/* A line of /proc/net/route: addresses are the words of memory in hexadecimal. */
static bool read_route4(const char *line, Route *ret) {
        unsigned destination, mask;
        Route route = { .to.family = AF_INET };

        if (sscanf(line, "%15s %x %*s %*s %*s %*s %*s %x", route.interface, &destination, &mask) != 3)
                return false;
        memcpy(route.to.bytes, &destination, 4);
        route.to.prefix = (uint8_t) __builtin_popcount(mask);
        *ret = route;
        return true;
}

/* A line of /proc/net/ipv6_route. Local and multicast ones are of no interest. */
static bool read_route6(const char *line, Route *ret) {
        Route route = { .to.family = AF_INET6 };
        char digits[33];
        unsigned prefix;

        if (sscanf(line, "%32s %x %*s %*s %*s %*s %*s %*s %*s %15s", digits, &prefix, route.interface) != 3)
                return false;
        for (size_t i = 0; i < 16; i++) {
                unsigned byte;

                if (sscanf(digits + 2 * i, "%2x", &byte) != 1)
                        return false;
                route.to.bytes[i] = (uint8_t) byte;
        }
        route.to.prefix = (uint8_t) prefix;
        if (streq(route.interface, "lo") || route.to.bytes[0] == 0xff || route.to.bytes[0] == 0xfe)
                return false;
        *ret = route;
        return true;
}

static int read_routes(int family, char ***ret) {
        const char *path = family == AF_INET ? "/proc/net/route" : "/proc/net/ipv6_route";
        _cleanup_free_ char *text = NULL;
        int r = file_read_at(AT_FDCWD, path, ROUTES_MAX, &text, NULL);

        /* A kernel without IPv6 has no such routes. */
        if (r == -ENOENT)
                return 0;
        return r < 0 ? r : strv_split(text, "\n", ret);
}

int subnet_collides(const IpAddress *subnet, const char *bridge, char **ret) {
        _cleanup_strv_free_ char **lines = NULL;
        int r = read_routes(subnet->family, &lines);

        STRV_FOREACH(line, lines) {
                char buffer[IP_TEXT_MAX];
                Route route;

                if (!(subnet->family == AF_INET ? read_route4(*line, &route) : read_route6(*line, &route)))
                        continue;
                if (route.to.prefix == 0 || streq(route.interface, bridge) || !ip_overlap(&route.to, subnet))
                        continue;
                *ret = str_format("%s on %s", ip_format_prefix(&route.to, buffer), route.interface);
                return *ret ? 1 : -ENOMEM;
        }
        return r;
}

/* Candidate I of those for IPv4: a /16 each for the default network, a /24 for others. */
static IpAddress candidate4(const NetworkConfig *config, uint32_t i) {
        IpAddress a = { .family = AF_INET, .prefix = 24, .bytes = { 10 } };

        if (streq(config->name, NETWORK_DEFAULT)) {
                a.prefix = 16;
                a.bytes[1] = (uint8_t) (200 + i % 8);
        } else {
                uint32_t k = (uint32_t) (str_hash(config->name) + i) % (32 * 256);

                a.bytes[1] = (uint8_t) (208 + k / 256);
                a.bytes[2] = (uint8_t) (k % 256);
        }
        return a;
}

/* A unique local prefix (RFC 4193): the host's own 40 bits, and 16 for the network. */
static int candidate6(const NetworkConfig *config, uint32_t i, IpAddress *ret) {
        static const sd_id128_t berth = SD_ID128_MAKE(5c, 0b, 1e, 6d, 39, 7a, 4f, 0c, 9e, 25, 61, f8, 0d, 42, b7, 93);
        uint32_t k = (uint32_t) str_hash(config->name) + i;
        IpAddress a = { .family = AF_INET6, .prefix = 64, .bytes = { 0xfd } };
        sd_id128_t host;
        int r = sd_id128_get_machine_app_specific(berth, &host);

        if (r < 0)
                return r;
        memcpy(a.bytes + 1, host.bytes, 5);
        a.bytes[6] = (uint8_t) (k >> 8);
        a.bytes[7] = (uint8_t) k;
        *ret = a;
        return 0;
}

typedef struct Taken {
        bool (*is_taken)(const IpAddress *subnet, void *userdata);
        void *userdata;
} Taken;

static int pick(NetworkConfig *config, int family, const Taken *taken, IpAddress *ret) {
        enum { CANDIDATES = 32 * 256 };

        for (uint32_t i = 0; i < CANDIDATES; i++) {
                _cleanup_free_ char *route = NULL;
                IpAddress subnet;
                int r = 0;

                if (family == AF_INET)
                        subnet = candidate4(config, i);
                else
                        r = candidate6(config, i, &subnet);
                if (r < 0)
                        return r;
                if (taken->is_taken && taken->is_taken(&subnet, taken->userdata))
                        continue;
                r = subnet_collides(&subnet, config->bridge, &route);
                if (r < 0)
                        return r;
                if (r == 0) {
                        *ret = subnet;
                        return 0;
                }
        }
        return -ENOSPC;
}

int subnet_pick(NetworkConfig *config, bool (*is_taken)(const IpAddress *subnet, void *userdata), void *userdata, Error *error) {
        const Taken taken = { is_taken, userdata };
        int r = 0;

        if (!ip_is_set(&config->subnet))
                r = pick(config, AF_INET, &taken, &config->subnet);
        if (r >= 0 && !ip_is_set(&config->subnet6) && !config->no_ipv6)
                r = pick(config, AF_INET6, &taken, &config->subnet6);
        if (r == -ENOSPC)
                return error_set(error, ERROR_NO_RANGE, ENOSPC, "choosing the addresses of the network", config->name,
                                 "the host has routes into every range that berth tries; name one with --subnet=");
        if (r < 0)
                return error_set_errno(error, r, "choosing the addresses of the network", config->name);
        network_config_complete(config);
        return 0;
}
