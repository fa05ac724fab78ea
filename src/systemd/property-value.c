/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "property-value.h"

#include <sys/socket.h>

#include "parse-util.h"
#include "string-util.h"
#include "strv.h"

/* What the wire calls a fraction: UINT32_MAX is all of it (systemd's UINT32_SCALE_FROM_PERMYRIAD). */
static uint32_t scale_from_permyriad(uint32_t permyriad) {
        return (uint32_t) ((permyriad * (uint64_t) UINT32_MAX + 5000) / 10000);
}

int value_append_boolean(sd_bus_message *m, const char *name, const char *value) {
        bool b;
        int r = parse_boolean(value, &b);

        return r < 0 ? r : sd_bus_message_append(m, "(sv)", name, "b", (int) b);
}

int value_append_string(sd_bus_message *m, const char *name, const char *value) {
        return sd_bus_message_append(m, "(sv)", name, "s", value);
}

int value_append_strings(sd_bus_message *m, const char *name, const char *value) {
        _cleanup_strv_free_ char **words = NULL;
        int r = strv_split(value, " \t", &words);

        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(m, words);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int value_append_u32(sd_bus_message *m, const char *name, const char *value) {
        uint32_t number;
        int r = parse_u32(value, &number);

        return r < 0 ? r : sd_bus_message_append(m, "(sv)", name, "u", number);
}

int value_append_i32(sd_bus_message *m, const char *name, const char *value) {
        bool negative = value[0] == '-';
        uint32_t number;
        int r = parse_u32(value + negative, &number);

        if (r < 0)
                return r;
        if (number > INT32_MAX)
                return -ERANGE;
        return sd_bus_message_append(m, "(sv)", name, "i", negative ? -(int32_t) number : (int32_t) number);
}

int value_append_number(sd_bus_message *m, const char *name, const char *value) {
        uint64_t number;
        int r = parse_size(value, &number);

        return r < 0 ? r : sd_bus_message_append(m, "(sv)", name, "t", number);
}

/* The name with "USec" where unit files say "Sec". */
static char *usec_name(const char *name) {
        size_t n = strlen(name), suffix = strlen("Sec");

        return n > suffix ? str_format("%.*sUSec", (int) (n - suffix), name) : NULL;
}

int value_append_timespan(sd_bus_message *m, const char *name, const char *value) {
        _cleanup_free_ char *wire = usec_name(name);
        uint64_t usec = USEC_INFINITY;
        int r = *value ? parse_usec(value, &usec) : 0;

        if (!wire)
                return -ENOMEM;
        return r < 0 ? r : sd_bus_message_append(m, "(sv)", wire, "t", usec);
}

int value_append_size(sd_bus_message *m, const char *name, const char *value) {
        _cleanup_free_ char *scale = NULL;
        uint32_t permyriad;

        if (!*value)
                return sd_bus_message_append(m, "(sv)", name, "t", UINT64_MAX);
        if (parse_permyriad(value, /* above= */ false, &permyriad) < 0)
                return value_append_number(m, name, value);

        scale = str_format("%sScale", name);
        return scale ? sd_bus_message_append(m, "(sv)", scale, "u", scale_from_permyriad(permyriad)) : -ENOMEM;
}

int value_append_scale(sd_bus_message *m, const char *name, const char *value) {
        uint32_t permyriad;
        int r = parse_permyriad(value, /* above= */ false, &permyriad);

        return r < 0 ? r : sd_bus_message_append(m, "(sv)", name, "u", scale_from_permyriad(permyriad));
}

int value_append_weight(sd_bus_message *m, const char *name, const char *value) {
        uint64_t weight = UINT64_MAX; /* not set */
        int r = 0;

        if (streq(value, "idle"))
                weight = 0;
        else if (*value)
                r = parse_u64(value, &weight);
        return r < 0 ? r : sd_bus_message_append(m, "(sv)", name, "t", weight);
}

int value_append_quota(sd_bus_message *m, const char *name, const char *value) {
        uint32_t permyriad;
        int r;

        if (!*value)
                return sd_bus_message_append(m, "(sv)", "CPUQuotaPerSecUSec", "t", USEC_INFINITY);
        r = parse_permyriad(value, /* above= */ true, &permyriad);
        if (r >= 0 && permyriad == 0)
                r = -ERANGE;
        return r < 0 ? r : sd_bus_message_append(m, "(sv)", "CPUQuotaPerSecUSec", "t", permyriad * USEC_PER_SEC / 10000);
}

/* An (sv) whose value is an array of bytes. */
static int append_bytes(sd_bus_message *m, const char *name, const void *bytes, size_t n) {
        int r = sd_bus_message_open_container(m, 'r', "sv");

        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', bytes, n);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int value_append_cpus(sd_bus_message *m, const char *name, const char *value) {
        uint8_t bits[CPU_SET_BYTES] = {};
        size_t n = 0;
        int r = parse_cpu_set(value, bits, &n);

        return r < 0 ? r : append_bytes(m, name, bits, n);
}

/* Devices */

/* An empty value clears the list, as in unit files. */
static int append_device_number(sd_bus_message *m, const char *name, const char *value, int (*parse)(const char *, uint64_t *)) {
        _cleanup_free_ char *device = NULL;
        const char *rest;
        uint64_t number;
        int r;

        if (!*value)
                return sd_bus_message_append(m, "(sv)", name, "a(st)", 0);
        r = parse_device_and_rest(value, &device, &rest);
        if (r >= 0)
                r = parse(rest, &number);
        return r < 0 ? r : sd_bus_message_append(m, "(sv)", name, "a(st)", 1, device, number);
}

int value_append_bandwidth(sd_bus_message *m, const char *name, const char *value) {
        return append_device_number(m, name, value, parse_size_si);
}

int value_append_device_weight(sd_bus_message *m, const char *name, const char *value) {
        return append_device_number(m, name, value, parse_u64);
}

int value_append_latency(sd_bus_message *m, const char *name, const char *value) {
        _cleanup_free_ char *wire = usec_name(name);

        return wire ? append_device_number(m, wire, value, parse_usec) : -ENOMEM;
}

int value_append_device(sd_bus_message *m, const char *name, const char *value) {
        _cleanup_free_ char *device = NULL;
        const char *access = "rwm", *rest;
        int r = 0;

        if (!*value)
                return sd_bus_message_append(m, "(sv)", name, "a(ss)", 0);

        /* Without an access it is all of them. */
        if (parse_device_and_rest(value, &device, &rest) >= 0 && rest[strspn(rest, "rwm")] == '\0')
                access = rest;
        else
                r = str_replace(&device, value);
        return r < 0 ? r : sd_bus_message_append(m, "(sv)", name, "a(ss)", 1, device, access);
}

/* Addresses */

typedef struct Prefix {
        int family;
        uint8_t address[16];
        uint32_t length;
} Prefix;

enum { PREFIXES_MAX = 256 };

static int parse_prefix(const char *word, Prefix *ret) {
        Prefix prefix = {};
        int r = parse_ip_prefix(word, &prefix.family, prefix.address, &prefix.length);

        if (r >= 0)
                *ret = prefix;
        return r;
}

/* One prefix, or one of the names that systemd has for some. */
static int add_prefixes(Prefix *prefixes, size_t *n, const char *word) {
        static const struct {
                const char *name, *prefixes[2];
        } named[] = {
                { "any", { "0.0.0.0/0", "::/0" } },
                { "localhost", { "127.0.0.0/8", "::1/128" } },
                { "link-local", { "169.254.0.0/16", "fe80::/64" } },
                { "multicast", { "224.0.0.0/4", "ff00::/8" } },
        };
        int r;

        if (*n + 2 > PREFIXES_MAX)
                return -ERANGE;

        for (size_t i = 0; i < ELEMENTSOF(named); i++)
                if (streq(word, named[i].name)) {
                        for (size_t k = 0; k < 2; k++) {
                                r = parse_prefix(named[i].prefixes[k], &prefixes[*n]);
                                if (r < 0)
                                        return r;
                                (*n)++;
                        }
                        return 0;
                }

        r = parse_prefix(word, &prefixes[*n]);
        if (r >= 0)
                (*n)++;
        return r;
}

static int append_prefix(sd_bus_message *m, const Prefix *prefix) {
        int r = sd_bus_message_open_container(m, 'r', "iayu");

        if (r >= 0)
                r = sd_bus_message_append(m, "i", (int32_t) prefix->family);
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', prefix->address, prefix->family == AF_INET6 ? 16 : 4);
        if (r >= 0)
                r = sd_bus_message_append(m, "u", prefix->length);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int value_append_addresses(sd_bus_message *m, const char *name, const char *value) {
        _cleanup_strv_free_ char **words = NULL;
        Prefix prefixes[PREFIXES_MAX];
        size_t n = 0;
        int r = strv_split(value, " \t", &words);

        for (char **word = words; r >= 0 && word && *word; word++)
                r = add_prefixes(prefixes, &n, *word);

        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a(iayu)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(iayu)");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = append_prefix(m, &prefixes[i]);
        for (int depth = 0; r >= 0 && depth < 3; depth++)
                r = sd_bus_message_close_container(m);
        return r;
}
