/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-util.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "parse-util.h"
#include "string-util.h"

int ip_parse(const char *text, int family, IpAddress *ret) {
        IpAddress a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

        if ((family != 0 && family != a.family) || inet_pton(a.family, text, a.bytes) != 1)
                return -EINVAL;
        a.prefix = (uint8_t) ip_bits(a.family);
        *ret = a;
        return 0;
}

int ip_parse_prefix(const char *text, int family, IpAddress *ret) {
        const char *slash = strchr(text, '/');
        _cleanup_free_ char *address = slash ? strndup(text, (size_t) (slash - text)) : NULL;
        uint32_t prefix;
        IpAddress a;

        if (!slash)
                return -EINVAL;
        if (!address)
                return -ENOMEM;
        if (ip_parse(address, family, &a) < 0 || parse_u32(slash + 1, &prefix) < 0 || prefix > ip_bits(a.family))
                return -EINVAL;
        a.prefix = (uint8_t) prefix;
        *ret = a;
        return 0;
}

const char *ip_format(const IpAddress *a, char buffer[static IP_TEXT_MAX]) {
        if (!inet_ntop(a->family, a->bytes, buffer, IP_TEXT_MAX))
                buffer[0] = '\0';
        return buffer;
}

const char *ip_format_prefix(const IpAddress *a, char buffer[static IP_TEXT_MAX]) {
        size_t n;

        (void) ip_format(a, buffer);
        n = strlen(buffer);
        (void) snprintf(buffer + n, IP_TEXT_MAX - n, "/%u", a->prefix);
        return buffer;
}

/* The bits of byte I that are behind the first PREFIX bits of an address. */
static uint8_t host_mask(size_t i, unsigned prefix) {
        unsigned begin = (unsigned) i * 8;

        if (prefix >= begin + 8)
                return 0;
        return prefix <= begin ? 0xff : (uint8_t) (0xff >> (prefix - begin));
}

IpAddress ip_network(const IpAddress *a) {
        IpAddress network = *a;

        for (size_t i = 0; i < ip_size(a); i++)
                network.bytes[i] &= (uint8_t) ~host_mask(i, a->prefix);
        return network;
}

bool ip_overlap(const IpAddress *a, const IpAddress *b) {
        unsigned prefix = a->prefix < b->prefix ? a->prefix : b->prefix;

        if (a->family != b->family || !ip_is_set(a))
                return false;
        for (size_t i = 0; i < ip_size(a); i++)
                if ((a->bytes[i] ^ b->bytes[i]) & ~host_mask(i, prefix) & 0xff)
                        return false;
        return true;
}

bool ip_equal(const IpAddress *a, const IpAddress *b) {
        return a->family == b->family && memcmp(a->bytes, b->bytes, ip_size(a)) == 0;
}

IpAddress ip_nth(const IpAddress *network, uint64_t number) {
        IpAddress a = ip_network(network);
        size_t size = ip_size(network);

        for (size_t i = 0; i < sizeof(number) && i < size; i++)
                a.bytes[size - 1 - i] |= (uint8_t) (number >> 8 * i) & host_mask(size - 1 - i, network->prefix);
        return a;
}

uint64_t ip_number(const IpAddress *a) {
        size_t size = ip_size(a);
        uint64_t number = 0;

        for (size_t i = 0; i < sizeof(number) && i < size; i++)
                number |= (uint64_t) (a->bytes[size - 1 - i] & host_mask(size - 1 - i, a->prefix)) << 8 * i;
        return number;
}

uint64_t ip_count(const IpAddress *network) {
        unsigned bits = ip_bits(network->family) - network->prefix;

        return UINT64_C(1) << (bits < 62 ? bits : 62);
}

int mac_parse(const char *text, uint8_t ret[static MAC_SIZE]) {
        uint8_t mac[MAC_SIZE];

        if (strlen(text) != MAC_TEXT_MAX - 1)
                return -EINVAL;
        for (size_t i = 0; i < MAC_SIZE; i++) {
                const char *p = text + 3 * i;
                const char digits[] = { p[0], p[1], '\0' };

                if (!isxdigit((unsigned char) p[0]) || !isxdigit((unsigned char) p[1]) || (p[2] != ':' && p[2] != '\0'))
                        return -EINVAL;
                mac[i] = (uint8_t) strtoul(digits, NULL, 16);
        }

        if ((mac[0] & 1) || memcmp(mac, (const uint8_t[MAC_SIZE]){}, MAC_SIZE) == 0)
                return -EINVAL;
        memcpy(ret, mac, MAC_SIZE);
        return 0;
}

void mac_of_address(const IpAddress *a, uint8_t ret[static MAC_SIZE]) {
        ret[0] = 0x02;
        ret[1] = 0xbe;
        memcpy(ret + 2, a->bytes + ip_size(a) - 4, 4);
}

const char *mac_format(const uint8_t mac[static MAC_SIZE], char buffer[static MAC_TEXT_MAX]) {
        (void) snprintf(buffer, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
        return buffer;
}

bool interface_name_is_valid(const char *name) {
        size_t n = strlen(name);

        if (n < 1 || n > INTERFACE_NAME_MAX || name[0] == '-' || streq(name, ".") || streq(name, "..") || streq(name, "all") ||
            streq(name, "default"))
                return false;
        for (const char *p = name; *p; p++)
                if (!isascii(*p) || (!isalnum(*p) && !strchr("-_.+", *p)))
                        return false;
        return true;
}

bool interface_name_make(const char *prefix, const char *name, char ret[static INTERFACE_NAME_MAX + 1]) {
        static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
        enum { HASH = 6 }; /* of 5 bits each */
        size_t n = strlen(prefix), length = n + strlen(name);
        uint64_t hash;

        (void) snprintf(ret, INTERFACE_NAME_MAX + 1, "%s%s", prefix, name);
        if (length <= INTERFACE_NAME_MAX)
                return true;

        hash = str_hash(name);
        for (size_t i = 0; i < HASH; i++)
                ret[INTERFACE_NAME_MAX - HASH + i] = digits[hash >> 5 * i & 31];
        return false;
}
