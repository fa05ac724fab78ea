/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network-config.h"

#include <jansson.h>
#include <sys/socket.h>

#include "spec.h"
#include "string-util.h"

static const char step[] = "reading the network";

void network_config_done(NetworkConfig *config) {
        free(config->name);
        *config = (NetworkConfig){};
}

int network_config_init(const char *name, NetworkConfig *ret) {
        const char *zone = startswith(name, NETWORK_ZONE_PREFIX);
        NetworkConfig config = { .name = strdup(name) };

        if (!config.name)
                return -ENOMEM;
        /* As systemd-nspawn calls the bridge of a zone, so that systemd-networkd's 80-container-vz.network knows it. */
        if (streq(name, NETWORK_DEFAULT))
                (void) interface_name_make("", name, config.bridge);
        else
                (void) interface_name_make(zone ? "vz-" : "br-", zone ? zone : name, config.bridge);
        *ret = config;
        return 0;
}

void network_config_complete(NetworkConfig *config) {
        if (ip_is_set(&config->subnet) && !ip_is_set(&config->gateway))
                config->gateway = ip_nth(&config->subnet, 1);
        if (ip_is_set(&config->subnet6) && !ip_is_set(&config->gateway6))
                config->gateway6 = ip_nth(&config->subnet6, 1);
}

int network_check_name(const char *name, Error *error) {
        static const char *const words[] = { NETWORK_DEFAULT, "bridge", "none", "host", "veth", "default" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (streq(name, words[i]))
                        return error_set(error, ERROR_INVALID_NAME, EINVAL, "checking the network's name", name,
                                         "it means something else already");
        if (spec_check_name(name, NULL) < 0)
                return error_set(error, ERROR_INVALID_NAME, EINVAL, "checking the network's name", name,
                                 "a name is letters, digits, '-' and '.', at most 64, with no '-' or '.' at an end of its parts");
        return 0;
}

/* As JSON */

static const struct {
        const char *key;
        size_t offset;
        int family;
} prefixes[] = {
        { "subnet", offsetof(NetworkConfig, subnet), AF_INET },
        { "subnet6", offsetof(NetworkConfig, subnet6), AF_INET6 },
        { "gateway", offsetof(NetworkConfig, gateway), AF_INET },
        { "gateway6", offsetof(NetworkConfig, gateway6), AF_INET6 },
};

static const struct {
        const char *key;
        size_t offset;
} flags[] = {
        { "internal", offsetof(NetworkConfig, internal) },
        { "isolated", offsetof(NetworkConfig, isolated) },
        { "no_icc", offsetof(NetworkConfig, no_icc) },
        { "no_host_access", offsetof(NetworkConfig, no_host_access) },
        { "no_ipv6", offsetof(NetworkConfig, no_ipv6) },
};

int network_config_to_json(const NetworkConfig *config, char **ret) {
        json_auto_t *object = json_pack("{s:s, s:s, s:I}", "name", config->name, "bridge", config->bridge, "mtu",
                                        (json_int_t) config->mtu);

        if (!object)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
                const IpAddress *a = (const void *) ((const char *) config + prefixes[i].offset);
                char buffer[IP_TEXT_MAX];

                if (ip_is_set(a) && json_object_set_new(object, prefixes[i].key, json_string(ip_format_prefix(a, buffer))) < 0)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                if (json_object_set_new(object, flags[i].key,
                                        json_boolean(*(const bool *) ((const char *) config + flags[i].offset))) < 0)
                        return -ENOMEM;

        *ret = json_dumps(object, JSON_COMPACT);
        return *ret ? 0 : -ENOMEM;
}

static int bad_config(Error *error, const char *what) {
        return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, what, "it is not what berth writes there");
}

int network_config_from_json(const char *text, NetworkConfig *ret, Error *error) {
        _cleanup_network_config_ NetworkConfig config = {};
        json_auto_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        const char *name, *bridge;
        json_int_t mtu = 0;

        if (!object || json_unpack(object, "{s:s, s:s, s?I}", "name", &name, "bridge", &bridge, "mtu", &mtu) < 0 ||
            !interface_name_is_valid(bridge))
                return bad_config(error, NULL);

        config.name = strdup(name);
        if (!config.name)
                return error_oom(error);
        (void) interface_name_make("", bridge, config.bridge);
        config.mtu = (uint32_t) mtu;

        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
                const char *value = json_string_value(json_object_get(object, prefixes[i].key));

                if (value && ip_parse_prefix(value, prefixes[i].family, (void *) ((char *) &config + prefixes[i].offset)) < 0)
                        return bad_config(error, prefixes[i].key);
        }
        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                *(bool *) ((char *) &config + flags[i].offset) = json_is_true(json_object_get(object, flags[i].key));

        *ret = config;
        config = (NetworkConfig){};
        return 0;
}
