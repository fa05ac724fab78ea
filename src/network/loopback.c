/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loopback.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "fd-util.h"

int loopback_raise(Error *error) {
        struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
        _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        /* netdevice(7): one call, no netlink round trip; a fresh namespace's lo has no other flags to keep. */
        if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
                return error_set_errno(error, negative_errno(), "raising the loopback device", NULL);
        return 0;
}
