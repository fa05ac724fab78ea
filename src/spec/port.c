/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "port.h"

#include <inttypes.h>
#include <netinet/in.h>

#include "parse-util.h"
#include "string-util.h"

static const struct {
        const char *name;
        int number;
} protocols[] = { { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "sctp", IPPROTO_SCTP } };

const char *port_protocol(int protocol) {
        for (size_t i = 0; i < ELEMENTSOF(protocols); i++)
                if (protocols[i].number == protocol)
                        return protocols[i].name;
        return "?";
}

static bool find_protocol(const char *name, int *ret) {
        for (size_t i = 0; i < ELEMENTSOF(protocols); i++)
                if (streq(protocols[i].name, name)) {
                        *ret = protocols[i].number;
                        return true;
                }
        return false;
}

static int parse_number(const char *text, uint16_t *ret) {
        uint32_t number;
        int r = parse_u32(text, &number);

        if (r < 0)
                return r;
        if (number == 0 || number > UINT16_MAX)
                return -ERANGE;
        *ret = (uint16_t) number;
        return 0;
}

/* TEXT is changed. */
static int parse_span(char *text, uint16_t *ret_first, uint16_t *ret_last) {
        char *dash = strchr(text, '-');
        int r;

        if (dash)
                *dash++ = '\0';
        r = parse_number(text, ret_first);
        if (r >= 0)
                r = dash ? parse_number(dash, ret_last) : (*ret_last = *ret_first, 0);
        return r >= 0 && *ret_last < *ret_first ? -EINVAL : r;
}

/* Cuts what is in front of the ports off: "[::1]:" or "127.0.0.1:", or nspawn's "tcp:". The rest, or NULL. */
static char *take_front(char *text, PublishedPort *port) {
        char *end = *text == '[' ? strchr(text, ']') : strchr(text, ':');

        if (*text == '[') {
                if (!end || end[1] != ':')
                        return NULL;
                *end = '\0';
                return ip_parse(text + 1, AF_INET6, &port->address) < 0 ? NULL : end + 2;
        }
        if (!end)
                return text;

        *end = '\0';
        if (find_protocol(text, &port->protocol) || ip_parse(text, AF_INET, &port->address) >= 0)
                return end + 1;
        *end = ':';
        return text;
}

int port_parse(const char *text, PublishedPort *ret) {
        PublishedPort port = { .protocol = IPPROTO_TCP };
        _cleanup_free_ char *copy = strdup(text);
        char *slash, *rest, *colon;
        uint16_t last;
        int r;

        if (!copy)
                return -ENOMEM;
        slash = strrchr(copy, '/');
        if (slash) {
                *slash = '\0';
                if (!find_protocol(slash + 1, &port.protocol))
                        return -EINVAL;
        }
        rest = take_front(copy, &port);
        if (!rest)
                return -EINVAL;

        colon = strchr(rest, ':');
        if (colon)
                *colon++ = '\0';
        r = parse_span(rest, &port.first, &port.last);
        port.to = port.first;
        if (r >= 0 && colon)
                r = parse_span(colon, &port.to, &last);
        if (r >= 0 && colon && last - port.to != port.last - port.first)
                r = -EINVAL;
        if (r >= 0)
                *ret = port;
        return r;
}

static char *format_span(uint16_t first, unsigned length) {
        return length == 0 ? str_format("%u", first) : str_format("%u-%u", first, first + length);
}

char *port_format(const PublishedPort *port) {
        unsigned length = (unsigned) port->last - port->first;
        _cleanup_free_ char *host = format_span(port->first, length), *machine = format_span(port->to, length);
        const char *protocol = port_protocol(port->protocol);
        char address[IP_TEXT_MAX];

        if (!host || !machine)
                return NULL;
        if (!ip_is_set(&port->address))
                return str_format("%s:%s/%s", host, machine, protocol);
        return str_format(port->address.family == AF_INET6 ? "[%s]:%s:%s/%s" : "%s:%s:%s/%s", ip_format(&port->address, address),
                          host, machine, protocol);
}
