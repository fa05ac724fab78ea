/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* notify [--exit=STATUS] TEXT: sends TEXT to $NOTIFY_SOCKET, as sd_notify(3) does, and exits with STATUS. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char *argv[]) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *path = getenv("NOTIFY_SOCKET"), *text = argc > 1 ? argv[argc - 1] : NULL;
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), status = 0;

        if (argc == 3 && sscanf(argv[1], "--exit=%i", &status) != 1)
                return 2;
        if (fd < 0 || !path || !text || strlen(path) >= sizeof(address.sun_path)) {
                (void) fprintf(stderr, "no socket or no text\n");
                return 2;
        }
        (void) strcpy(address.sun_path, path);
        if (sendto(fd, text, strlen(text), 0, (struct sockaddr *) &address, sizeof(address)) < 0) {
                perror(path);
                return 1;
        }
        return status;
}
