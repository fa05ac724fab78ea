/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* hold-lock FILE READY: locks FILE as systemd-nspawn locks a range of user ids, makes READY, and holds the lock until it is killed. */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        int fd;

        if (argc != 3)
                return 2;
        fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) < 0) {
                perror(argv[1]);
                return 1;
        }
        close(open(argv[2], O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        for (;;)
                pause();
}
