/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fd-pass.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include "fd-util.h"

typedef union ControlBuffer {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
} ControlBuffer;

int fd_pass_send(int socket, const void *data, size_t size, const int *fds, size_t n) {
        struct iovec iov = { .iov_base = (void *) data, .iov_len = size };
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
        ControlBuffer control = {};
        ssize_t sent;

        assert(n <= FD_PASS_MAX);

        if (n > 0) {
                struct cmsghdr *header = &control.header;

                header->cmsg_level = SOL_SOCKET;
                header->cmsg_type = SCM_RIGHTS;
                header->cmsg_len = CMSG_LEN(sizeof(int) * n);
                memcpy(CMSG_DATA(header), fds, sizeof(int) * n);
                message.msg_control = &control;
                message.msg_controllen = CMSG_SPACE(sizeof(int) * n);
        }

        do
                sent = sendmsg(socket, &message, MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);

        return sent < 0 ? negative_errno() : (size_t) sent == size ? 0 : -EMSGSIZE;
}

ssize_t fd_pass_receive(int socket, void *data, size_t size, int fds[static FD_PASS_MAX], size_t *ret_n) {
        struct iovec iov = { .iov_base = data, .iov_len = size };
        ControlBuffer control;
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        size_t n = 0;
        ssize_t got;

        do
                got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
        while (got < 0 && errno == EINTR);
        if (got < 0)
                return negative_errno();

        for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
                if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
                        continue;

                n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                memcpy(fds, CMSG_DATA(header), n * sizeof(int));
        }

        if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
                fd_close_many(fds, n);
                return -EMSGSIZE;
        }

        *ret_n = n;
        return got;
}
