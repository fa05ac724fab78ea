/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The first two packets of an SCTP association (RFC 9260), by raw sockets: so that it is seen where they come and go on
 * kernels without SCTP, too.
 *
 *   sctp-init answer         answers each INIT that comes, over IPv4 and IPv6
 *   sctp-init ask ADDRESS PORT   sends INIT until it is answered, and prints from which port
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INIT = 1, INIT_ACK = 2, OWN_PORT = 40000, TRIES = 100 };

/* The common header and one chunk of the kind of INIT, without parameters. */
typedef struct Packet {
        uint16_t from, to;
        uint32_t tag, checksum;
        uint8_t type, flags;
        uint16_t length;
        uint32_t initiate_tag, window;
        uint16_t streams_out, streams_in;
        uint32_t tsn;
} Packet;

/* CRC32c, RFC 9260, appendix A. */
static uint32_t crc32c(const void *data, size_t size) {
        uint32_t crc = UINT32_MAX;

        for (const uint8_t *p = data; size > 0; p++, size--) {
                crc ^= *p;
                for (int i = 0; i < 8; i++)
                        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
        }
        return ~crc;
}

static Packet make(uint8_t type, uint16_t from, uint16_t to, uint32_t tag) {
        Packet p = {
                .from = from, .to = to, .tag = tag, .type = type, .length = htons(20), .initiate_tag = htonl(4711),
                .window = htonl(65536), .streams_out = htons(1), .streams_in = htons(1), .tsn = htonl(1),
        };

        p.checksum = htole32(crc32c(&p, sizeof(p)));
        return p;
}

/* A raw socket of IPv4 gives the IP header along, one of IPv6 does not. */
static int receive(int fd, int family, Packet *ret, struct sockaddr_storage *from) {
        uint8_t buffer[2048];
        socklen_t length = sizeof(*from);
        ssize_t n = recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *) from, &length);
        size_t skip = family == AF_INET && n > 0 ? (buffer[0] & 15) * 4u : 0;

        if (n < 0 || (size_t) n < skip + sizeof(*ret))
                return -1;
        memcpy(ret, buffer + skip, sizeof(*ret));
        return 0;
}

static size_t address_size(int family) {
        return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static int answer(void) {
        static const int families[] = { AF_INET, AF_INET6 };
        struct pollfd fds[2];

        for (int i = 0; i < 2; i++) {
                fds[i] = (struct pollfd){ .fd = socket(families[i], SOCK_RAW | SOCK_CLOEXEC, IPPROTO_SCTP), .events = POLLIN };
                if (fds[i].fd < 0)
                        return EXIT_FAILURE;
        }
        puts("ready");
        (void) fflush(stdout);
        for (;;) {
                (void) poll(fds, 2, -1);
                for (int i = 0; i < 2; i++) {
                        struct sockaddr_storage from;
                        Packet p, reply;

                        if (!(fds[i].revents & POLLIN) || receive(fds[i].fd, families[i], &p, &from) < 0 || p.type != INIT)
                                continue;
                        reply = make(INIT_ACK, p.to, p.from, p.initiate_tag);
                        if (families[i] == AF_INET6)
                                ((struct sockaddr_in6 *) &from)->sin6_port = 0;
                        (void) sendto(fds[i].fd, &reply, sizeof(reply), 0, (struct sockaddr *) &from,
                                      (socklen_t) address_size(families[i]));
                }
        }
}

static int ask(const char *address, uint16_t port) {
        int family = strchr(address, ':') ? AF_INET6 : AF_INET;
        struct sockaddr_in in4 = { .sin_family = AF_INET };
        struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
        const void *to = family == AF_INET ? (const void *) &in4 : &in6;
        int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_SCTP);
        Packet p;

        if (fd < 0 || inet_pton(family, address, family == AF_INET ? (void *) &in4.sin_addr : &in6.sin6_addr) != 1)
                return EXIT_FAILURE;
        p = make(INIT, htons(OWN_PORT), htons(port), 0);
        for (int i = 0; i < TRIES; i++) {
                struct pollfd in = { .fd = fd, .events = POLLIN };
                struct sockaddr_storage from;
                Packet got;

                (void) sendto(fd, &p, sizeof(p), 0, to, (socklen_t) address_size(family));
                while (poll(&in, 1, 100) > 0)
                        if (receive(fd, family, &got, &from) >= 0 && got.type == INIT_ACK && got.to == htons(OWN_PORT)) {
                                printf("answered from %u\n", ntohs(got.from));
                                return EXIT_SUCCESS;
                        }
        }
        return EXIT_FAILURE;
}

int main(int argc, char *argv[]) {
        if (argc == 2 && strcmp(argv[1], "answer") == 0)
                return answer();
        if (argc == 4 && strcmp(argv[1], "ask") == 0)
                return ask(argv[2], (uint16_t) atoi(argv[3]));
        return EXIT_FAILURE;
}
