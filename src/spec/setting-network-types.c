/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Types of the [Network] section: the mode, names of interfaces, addresses, published ports. */

#include <ctype.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <strings.h>

#include "net-util.h"
#include "parse-util.h"
#include "path-util.h"
#include "port.h"
#include "setting.h"
#include "string-util.h"
#include "strv.h"

enum { LINKS_MAX = 64 };

/* Of a rate, in bits per second: below the least not even one packet a second would pass. */
#define RATE_MIN UINT64_C(8000)
#define RATE_MAX UINT64_C(1000000000000)

/* What all of these are in the end: text that was checked. */

static int format_text(const void *field, char **ret) {
        const char *value = *(char *const *) field;

        *ret = value ? strdup(value) : NULL;
        return value && !*ret ? -ENOMEM : 0;
}

static void clear_text(void *field) {
        (void) str_replace(field, NULL);
}

static int format_texts(const void *field, char ***ret) {
        *ret = strv_copy(*(char **const *) field);
        return *ret || !*(char **const *) field ? 0 : -ENOMEM;
}

static void clear_texts(void *field) {
        *(char ***) field = strv_free(*(char ***) field);
}

static int add_text(void *field, const char *text) {
        return strv_length(*(char ***) field) >= LINKS_MAX ? -ERANGE : strv_append(field, text);
}

/* the mode: a Network */

static bool is_interface_pair(const char *text, bool with_name) {
        const char *colon = with_name ? strchr(text, ':') : NULL;
        _cleanup_free_ char *first = colon ? strndup(text, (size_t) (colon - text)) : strdup(text);

        return first && interface_name_is_valid(first) && (!colon || interface_name_is_valid(colon + 1));
}

static bool is_network_path(const char *text) {
        return path_is_normalized(text) && !str_is_unprintable(text, "");
}

static bool is_machine(const char *text) {
        return spec_check_name(text, NULL) >= 0;
}

static bool is_interface(const char *text) {
        return is_interface_pair(text, /* with_name= */ false);
}

static bool is_renamed_interface(const char *text) {
        return is_interface_pair(text, /* with_name= */ true);
}

static const struct {
        const char *word;        /* with "=" or ":" where a name follows */
        NetworkMode mode;
        bool (*check)(const char *name);
} modes[] = {
        { "bridge", NETWORK_BRIDGE, NULL },            { "none", NETWORK_NONE, NULL },
        { "host", NETWORK_HOST, NULL },                { "veth", NETWORK_VETH, NULL },
        { "bridge=", NETWORK_HOST_BRIDGE, is_interface }, { "zone=", NETWORK_ZONE, is_machine },
        { "container:", NETWORK_MACHINE, is_machine }, { "ns:", NETWORK_NAMESPACE, is_network_path },
        { "macvlan=", NETWORK_MACVLAN, is_renamed_interface }, { "ipvlan=", NETWORK_IPVLAN, is_renamed_interface },
        { "interface=", NETWORK_INTERFACE, is_renamed_interface },
};

static int set_network(Network *network, NetworkMode mode, const char *name) {
        int r = str_replace(&network->name, name);

        if (r >= 0)
                network->mode = mode;
        return r;
}

static int parse_network(void *field, const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(modes); i++) {
                const char *name = startswith(text, modes[i].word);

                if (!name || (!modes[i].check && *name))
                        continue;
                if (modes[i].check && !modes[i].check(name))
                        return -EINVAL;
                return set_network(field, modes[i].mode, modes[i].check ? name : NULL);
        }

        /* Anything else is the name of a network that the host's administrator has described. */
        return is_machine(text) ? set_network(field, NETWORK_BRIDGE, text) : -EINVAL;
}

static int format_network(const void *field, char **ret) {
        const Network *network = field;

        if (network->mode == NETWORK_BRIDGE && network->name)
                *ret = strdup(network->name);
        else
                for (size_t i = 0; i < ELEMENTSOF(modes); i++)
                        if (modes[i].mode == network->mode) {
                                *ret = str_format("%s%s", modes[i].word, strempty(network->name));
                                break;
                        }
        return *ret ? 0 : -ENOMEM;
}

static void clear_network(void *field) {
        Network *network = field;

        free(network->name);
        *network = (Network){};
}

/* What belongs to the host, or to another machine. */
static bool network_mode_reaches_host(const void *field) {
        switch (((const Network *) field)->mode) {
        case NETWORK_BRIDGE:
        case NETWORK_NONE:
        case NETWORK_VETH:
        case NETWORK_ZONE:
                return false;
        default:
                return true;
        }
}

const SettingType type_network = {
        .name = "network", .metavar = "MODE", .signature = "s",
        .allowed = "none, host, bridge, bridge=NAME, zone=NAME, veth, container:NAME, ns:PATH, macvlan=IF, ipvlan=IF, "
                   "interface=IF[:NAME], or the name of a network",
        .parse = parse_network, .format = format_network, .clear = clear_network, .reaches_host = network_mode_reaches_host,
};

/* one name of an interface, or of a zone: a char * */

static int parse_interface(void *field, const char *text) {
        return interface_name_is_valid(text) ? str_replace(field, text) : -EINVAL;
}

const SettingType type_interface = {
        .name = "interface", .metavar = "IF", .signature = "s",
        .allowed = "the name of a network interface: at most 15 characters, letters, digits and any of -_.+",
        .parse = parse_interface, .format = format_text, .clear = clear_text,
};

static int parse_zone(void *field, const char *text) {
        return is_machine(text) ? str_replace(field, text) : -EINVAL;
}

const SettingType type_zone = {
        .name = "zone", .metavar = "NAME", .signature = "s",
        .allowed = "the name of a zone: letters, digits, '-' and '.', at most 64",
        .parse = parse_zone, .format = format_text, .clear = clear_text,
};

/* interfaces with the name that they have inside: a char ** of IF or IF:NAME */

static int add_interfaces(void *field, const char *text) {
        _cleanup_strv_free_ char **words = NULL;
        int r = strv_split(text, " \t", &words);

        if (r < 0)
                return r;
        STRV_FOREACH(word, words)
                if (!is_renamed_interface(*word))
                        return -EINVAL;
        STRV_FOREACH(word, words)
                if ((r = add_text(field, *word)) < 0)
                        return r;
        return words ? 0 : -EINVAL;
}

const SettingType type_interfaces = {
        .name = "interfaces", .metavar = "IF[:NAME]", .signature = "as", .list = true,
        .allowed = "the name of a network interface, with an optional ':' and its name in the machine",
        .parse = add_interfaces, .format_list = format_texts, .clear = clear_texts,
};

/* published ports: a char ** in port_format()'s form */

static int add_ports(void *field, const char *text) {
        _cleanup_strv_free_ char **words = NULL;
        int r = strv_split(text, " \t", &words);

        STRV_FOREACH(word, words) {
                PublishedPort port;

                if (r >= 0)
                        r = port_parse(*word, &port);
        }
        STRV_FOREACH(word, words) {
                _cleanup_free_ char *form = NULL;
                PublishedPort port;

                if (r >= 0)
                        r = port_parse(*word, &port);
                if (r >= 0)
                        r = (form = port_format(&port)) ? add_text(field, form) : -ENOMEM;
        }
        return r < 0 ? r : words ? 0 : -EINVAL;
}

const SettingType type_ports = {
        .name = "ports", .metavar = "PORT", .signature = "as", .list = true,
        .allowed = "[IP:]HOST[:MACHINE][/tcp|udp|sctp], with ports from 1 to 65535 or ranges like 8000-8010",
        .parse = add_ports, .format_list = format_texts, .clear = clear_texts,
};

/* addresses: a char * in the one form that the address has */

static int parse_address(void *field, const char *text, int family) {
        char buffer[IP_TEXT_MAX];
        IpAddress a;

        if (ip_parse(text, family, &a) >= 0)
                return str_replace(field, ip_format(&a, buffer));
        if (ip_parse_prefix(text, family, &a) >= 0 && a.prefix > 0)
                return str_replace(field, ip_format_prefix(&a, buffer));
        return -EINVAL;
}

static int parse_ipv4(void *field, const char *text) {
        return parse_address(field, text, AF_INET);
}

static int parse_ipv6(void *field, const char *text) {
        return parse_address(field, text, AF_INET6);
}

const SettingType type_ipv4 = {
        .name = "ipv4-address", .metavar = "ADDRESS", .signature = "s",
        .allowed = "an IPv4 address, with a prefix length like /24 where no network says it",
        .parse = parse_ipv4, .format = format_text, .clear = clear_text,
};

const SettingType type_ipv6 = {
        .name = "ipv6-address", .metavar = "ADDRESS", .signature = "s",
        .allowed = "an IPv6 address, with a prefix length like /64 where no network says it",
        .parse = parse_ipv6, .format = format_text, .clear = clear_text,
};

static int parse_mac(void *field, const char *text) {
        char buffer[MAC_TEXT_MAX];
        uint8_t mac[MAC_SIZE];

        return mac_parse(text, mac) < 0 ? -EINVAL : str_replace(field, mac_format(mac, buffer));
}

const SettingType type_mac = {
        .name = "mac-address", .metavar = "MAC", .signature = "s",
        .allowed = "a hardware address of one station, like 02:00:00:00:00:01",
        .parse = parse_mac, .format = format_text, .clear = clear_text,
};

/* a network's own addresses: a char ** in the form of ip_format_prefix(), or ip_format() */

static int add_each(void *field, const char *text, int (*normalize)(const char *word, char buffer[static IP_TEXT_MAX])) {
        _cleanup_strv_free_ char **words = NULL;
        int r = strv_split(text, " \t,", &words);

        STRV_FOREACH(word, words) {
                char buffer[IP_TEXT_MAX];

                if (r >= 0)
                        r = normalize(*word, buffer);
                if (r >= 0)
                        r = add_text(field, buffer);
        }
        return r < 0 ? r : words ? 0 : -EINVAL;
}

static int normalize_prefix(const char *word, char buffer[static IP_TEXT_MAX]) {
        IpAddress a;
        int r = ip_parse_prefix(word, 0, &a);

        if (r >= 0) {
                a = ip_network(&a);
                (void) ip_format_prefix(&a, buffer);
        }
        return r;
}

static int add_prefixes(void *field, const char *text) {
        return add_each(field, text, normalize_prefix);
}

const SettingType type_prefixes = {
        .name = "prefixes", .metavar = "PREFIX", .signature = "as", .list = true,
        .allowed = "an address with a prefix length, like 10.1.0.0/24 or fd00:1::/64",
        .parse = add_prefixes, .format_list = format_texts, .clear = clear_texts,
};

static int normalize_address(const char *word, char buffer[static IP_TEXT_MAX]) {
        IpAddress a;
        int r = ip_parse(word, 0, &a);

        if (r >= 0)
                (void) ip_format(&a, buffer);
        return r;
}

static int add_addresses(void *field, const char *text) {
        return add_each(field, text, normalize_address);
}

const SettingType type_addresses = {
        .name = "addresses", .metavar = "ADDRESS", .signature = "as", .list = true,
        .allowed = "an IPv4 or IPv6 address",
        .parse = add_addresses, .format_list = format_texts, .clear = clear_texts,
};

/* the size of a packet: a uint32_t, 0 is the kernel's own */

static int parse_mtu(void *field, const char *text) {
        uint32_t mtu;
        int r = parse_u32(text, &mtu);

        /* RFC 791's smallest, and the greatest that a bridge takes. */
        if (r < 0 || (mtu != 0 && (mtu < 68 || mtu > 65535)))
                return -EINVAL;
        *(uint32_t *) field = mtu;
        return 0;
}

static int format_mtu(const void *field, char **ret) {
        *ret = str_format("%u", *(const uint32_t *) field);
        return *ret ? 0 : -ENOMEM;
}

static void clear_mtu(void *field) {
        *(uint32_t *) field = 0;
}

const SettingType type_mtu = {
        .name = "mtu", .metavar = "BYTES", .signature = "u",
        .allowed = "a number of bytes from 68 to 65535, or 0",
        .parse = parse_mtu, .format = format_mtu, .clear = clear_mtu,
};

/* words of resolv.conf(5): a char ** */

static int add_domains(void *field, const char *text) {
        _cleanup_strv_free_ char **words = NULL;
        int r = strv_split(text, " \t,", &words);

        STRV_FOREACH(word, words) {
                if (r >= 0 &&
                    strspn(*word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:") != strlen(*word))
                        r = -EINVAL;
                if (r >= 0)
                        r = add_text(field, *word);
        }
        return r < 0 ? r : words ? 0 : -EINVAL;
}

const SettingType type_domains = {
        .name = "domains", .metavar = "WORD", .signature = "as", .list = true,
        .allowed = "a word of resolv.conf(5): letters, digits and any of .-_:",
        .parse = add_domains, .format_list = format_texts, .clear = clear_texts,
};

/* names for /etc/hosts: a char ** of NAME:ADDRESS */

static int add_host_entry(void *field, const char *text) {
        size_t n = strcspn(text, ":=");
        _cleanup_free_ char *name = strndup(text, n), *entry = NULL;
        const char *given = text[n] ? text + n + 1 : "";
        char buffer[IP_TEXT_MAX];
        IpAddress a;

        /* Docker takes both signs, and brackets around IPv6. */
        if (!name)
                return -ENOMEM;
        if (n > 0 && is_machine(name) && streq(given, "host-gateway"))
                entry = str_format("%s:%s", name, given);
        else {
                size_t size = strlen(given);
                bool brackets = size > 2 && given[0] == '[' && given[size - 1] == ']';
                _cleanup_free_ char *address = strndup(given + brackets, brackets ? size - 2 : size);

                if (!address)
                        return -ENOMEM;
                if (n == 0 || !is_machine(name) || ip_parse(address, 0, &a) < 0)
                        return -EINVAL;
                entry = str_format("%s:%s", name, ip_format(&a, buffer));
        }
        return entry ? add_text(field, entry) : -ENOMEM;
}

const SettingType type_host_entries = {
        .name = "host-entries", .metavar = "NAME:ADDRESS", .signature = "as", .list = true,
        .allowed = "a host name, a ':' and an address, or host-gateway",
        .parse = add_host_entry, .format_list = format_texts, .clear = clear_texts,
};

/* sysctls: a char ** of NAME=VALUE, with dots between the parts of the name */

static int add_sysctl(void *field, const char *text) {
        size_t n = strcspn(text, "=");
        _cleanup_free_ char *entry = strdup(text);

        if (!entry)
                return -ENOMEM;
        /* sysctl(8) takes net/ipv4/ip_forward as well; where the first of both is a slash, they change places. */
        if (startswith(entry, "net/"))
                for (size_t i = 0; i < n; i++)
                        entry[i] = entry[i] == '/' ? '.' : entry[i] == '.' ? '/' : entry[i];
        if (text[n] != '=' || !startswith(entry, "net.") || strstr(entry, "..") || entry[n - 1] == '.' ||
            strspn(entry, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") != n || strstr(entry, "//") ||
            str_is_unprintable(text + n + 1, "\t"))
                return -EINVAL;
        return add_text(field, entry);
}

const SettingType type_sysctls = {
        .name = "sysctls", .metavar = "NAME=VALUE", .signature = "as", .list = true,
        .allowed = "the name of a kernel setting below net., '=', and its value",
        .parse = add_sysctl, .format_list = format_texts, .clear = clear_texts,
};

/* rates: a NetRate, "RATE" for both directions or "in=RATE,out=RATE" */

/* 10M as systemd.network(5) has it, or 10mbit as tc(8) has. tc's "bps" is bytes, and nobody's to guess. */
static int parse_rate(const char *text, uint64_t *ret) {
        size_t n = strlen(text);
        _cleanup_free_ char *number = strdup(text);
        uint64_t rate;
        int r;

        if (!number)
                return -ENOMEM;
        if (n > 3 && strcasecmp(number + n - 3, "bit") == 0)
                number[n -= 3] = '\0';
        if (n > 0)
                number[n - 1] = (char) toupper((unsigned char) number[n - 1]);
        r = parse_size_si(number, &rate);
        if (r < 0)
                return r;
        if (rate < RATE_MIN || rate > RATE_MAX)
                return -ERANGE;
        *ret = rate;
        return 0;
}

static int parse_net_rate(void *field, const char *text) {
        _cleanup_strv_free_ char **words = NULL;
        NetRate rate = {};
        int r;

        if (!strchr(text, '=')) {
                r = parse_rate(text, &rate.in);
                rate.out = rate.in;
        } else {
                r = strv_split(text, ",", &words);
                STRV_FOREACH(word, words) {
                        const char *in = startswith(*word, "in="), *out = startswith(*word, "out=");
                        uint64_t *way = in ? &rate.in : &rate.out;

                        if (r >= 0)
                                r = (in || out) && *way == 0 ? parse_rate(in ? in : out, way) : -EINVAL;
                }
        }
        if (r >= 0)
                *(NetRate *) field = rate;
        return r;
}

static void format_rate(uint64_t rate, char buffer[static 32]) {
        static const char suffixes[] = { '\0', 'K', 'M', 'G', 'T' };
        size_t i = 0;

        while (i + 1 < ELEMENTSOF(suffixes) && rate % 1000 == 0)
                rate /= 1000, i++;
        (void) snprintf(buffer, 32, "%" PRIu64 "%.1s", rate, &suffixes[i]);
}

static int format_net_rate(const void *field, char **ret) {
        const NetRate *rate = field;
        char in[32], out[32];

        *ret = NULL;
        if (rate->in == 0 && rate->out == 0)
                return 0;
        format_rate(rate->in, in);
        format_rate(rate->out, out);
        *ret = rate->in == rate->out ? strdup(in)
               : rate->out == 0      ? str_format("in=%s", in)
               : rate->in == 0       ? str_format("out=%s", out)
                                     : str_format("in=%s,out=%s", in, out);
        return *ret ? 0 : -ENOMEM;
}

static void clear_net_rate(void *field) {
        *(NetRate *) field = (NetRate){};
}

const SettingType type_net_rate = {
        .name = "net-rate", .metavar = "RATE", .signature = "s",
        .allowed = "bits per second from 8K to 1T, with K, M, G (to the base of 1000), for both directions, or in=RATE, "
                   "out=RATE, or in=RATE,out=RATE",
        .parse = parse_net_rate, .format = format_net_rate, .clear = clear_net_rate,
};
