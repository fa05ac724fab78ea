/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Addresses, prefixes and names of network interfaces: as text, as bytes, and what can be said of them. */

#include "macro.h"

typedef struct IpAddress {
        int family;              /* AF_INET, AF_INET6, or 0: none */
        uint8_t prefix;          /* length in bits: that of the whole address where it stands for itself */
        uint8_t bytes[16];       /* network order; the first four of IPv4 */
} IpAddress;

enum { MAC_SIZE = 6 };

static inline bool ip_is_set(const IpAddress *a) {
        return a->family != 0;
}

/* Bits and bytes of an address of this family. */
static inline unsigned ip_bits(int family) {
        return family == 2 /* AF_INET */ ? 32 : 128;
}

static inline size_t ip_size(const IpAddress *a) {
        return ip_bits(a->family) / 8;
}

/* "10.0.0.1", "fd00::1"; FAMILY 0 takes both. */
int ip_parse(const char *text, int family, IpAddress *ret);

/* "10.0.0.0/24". The bits behind the prefix may be set: ip_network() clears them. */
int ip_parse_prefix(const char *text, int family, IpAddress *ret);

/* "10.0.0.1", and with its prefix "10.0.0.1/24". BUFFER is also returned. */
#define IP_TEXT_MAX (46 + 4)
const char *ip_format(const IpAddress *a, char buffer[static IP_TEXT_MAX]);
const char *ip_format_prefix(const IpAddress *a, char buffer[static IP_TEXT_MAX]);

/* The network that the address is in: all bits behind the prefix are zero. */
IpAddress ip_network(const IpAddress *a);

/* Whether the two have an address in common; false for those of different families. */
bool ip_overlap(const IpAddress *a, const IpAddress *b);
bool ip_equal(const IpAddress *a, const IpAddress *b);

/* Address NUMBER of NETWORK, with its prefix; and which number an address has there, as far as 64 bits tell. */
IpAddress ip_nth(const IpAddress *network, uint64_t number);
uint64_t ip_number(const IpAddress *a);

/* How many numbers the network has, at most 2^62. */
uint64_t ip_count(const IpAddress *network);

/* "02:00:00:00:00:01"; not a group's, and not zero. */
int mac_parse(const char *text, uint8_t ret[static MAC_SIZE]);
/* A locally administered one with the last four bytes of an IP address in it: as unique in a network as that is. */
void mac_of_address(const IpAddress *a, uint8_t ret[static MAC_SIZE]);
#define MAC_TEXT_MAX sizeof("02:00:00:00:00:01")
const char *mac_format(const uint8_t mac[static MAC_SIZE], char buffer[static MAC_TEXT_MAX]);

/* Whether the kernel takes it as the name of an interface (dev_valid_name()), and it is nothing that confuses a shell. */
enum { INTERFACE_NAME_MAX = 15 };
bool interface_name_is_valid(const char *name);

/*
 * PREFIX and NAME as the name of an interface: in full where that fits, else cut with a hash of the whole at its
 * end, so that two names that begin alike differ. Always the same for the same name. Returns whether it fits.
 */
bool interface_name_make(const char *prefix, const char *name, char ret[static INTERFACE_NAME_MAX + 1]);
