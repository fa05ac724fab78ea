/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal.h"

#include <endian.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "fd-util.h"

int journal_connect(void) {
        static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket" };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return negative_errno();
        return connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ? negative_errno() : TAKE_FD(fd);
}

/* NAME, newline, size as 64 bits with the least byte first, data, newline: the form that takes any bytes. */
int journal_send(int socket, const JournalField *fields, size_t n) {
        struct iovec parts[JOURNAL_FIELDS_MAX * 5];
        uint64_t sizes[JOURNAL_FIELDS_MAX];
        size_t count = 0;
        ssize_t sent;

        assert(n <= JOURNAL_FIELDS_MAX);
        for (size_t i = 0; i < n; i++) {
                sizes[i] = htole64(fields[i].size);
                parts[count++] = (struct iovec){ (char *) fields[i].name, strlen(fields[i].name) };
                parts[count++] = (struct iovec){ (char *) "\n", 1 };
                parts[count++] = (struct iovec){ &sizes[i], sizeof(sizes[i]) };
                parts[count++] = (struct iovec){ (char *) fields[i].data, fields[i].size };
                parts[count++] = (struct iovec){ (char *) "\n", 1 };
        }

        do
                sent = sendmsg(socket, &(struct msghdr){ .msg_iov = parts, .msg_iovlen = count }, MSG_NOSIGNAL | MSG_DONTWAIT);
        while (sent < 0 && errno == EINTR);
        return sent < 0 ? negative_errno() : 0;
}
