/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers each datagram that comes to UDP port PORT, of IPv4 or IPv6: udp-answer PORT */

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
        struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t) atoi(argv[1])) };
        int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return EXIT_FAILURE;

        for (;;) {
                char text[1024] = "answer to ";
                socklen_t size = sizeof(address);
                ssize_t n = recvfrom(fd, text + strlen(text), sizeof(text) - strlen(text) - 1, 0, (struct sockaddr *) &address,
                                     &size);

                if (n >= 0)
                        (void) sendto(fd, text, strlen(text), 0, (struct sockaddr *) &address, size);
        }
}
