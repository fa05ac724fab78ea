/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Published ports: [IP:]HOST[:MACHINE][/PROTOCOL] as docker writes them, or [PROTOCOL:]HOST[:MACHINE] as nspawn does.
 * HOST and MACHINE are a port or a range of ports, FIRST-LAST.
 */

#include "net-util.h"

typedef struct PublishedPort {
        IpAddress address;       /* of the host; none: all of them */
        int protocol;            /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
        uint16_t first, last;    /* on the host */
        uint16_t to;             /* what FIRST is in the machine; the others follow it */
} PublishedPort;

int port_parse(const char *text, PublishedPort *ret);

/* In one form, which port_parse() takes: "8080:80/tcp", "[::1]:8000-8003:80-83/udp". The caller frees it. */
char *port_format(const PublishedPort *port);

/* "tcp" */
const char *port_protocol(int protocol);
