/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
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
static char *write_field(char *end, const JournalField *field) {
        const uint64_t size = htole64(field->size);

        end = mempcpy(end, field->name, strlen(field->name));
        *end++ = '\n';
        end = mempcpy(end, &size, sizeof(size));
        end = mempcpy(end, field->data, field->size);
        *end++ = '\n';
        return end;
}

/* What is behind each message: its end, the fields, and the empty line between two entries. */
static int write_tail(const JournalField *fields, size_t n, char **ret, size_t *ret_size) {
        size_t size = 2;
        char *tail, *end;

        for (size_t i = 0; i < n; i++)
                size += strlen(fields[i].name) + sizeof(uint64_t) + fields[i].size + 2;
        end = tail = malloc(size);
        if (!tail)
                return -ENOMEM;
        *end++ = '\n';
        for (size_t i = 0; i < n; i++)
                end = write_field(end, &fields[i]);
        *end++ = '\n';
        *ret = tail;
        *ret_size = size;
        return 0;
}

int journal_send(int socket, const JournalField *fields, size_t n_fields, const JournalMessage *messages, size_t n_messages) {
        struct {
                char name[8];
                uint64_t size;
        } heads[JOURNAL_MESSAGES_MAX];
        struct iovec parts[3 * JOURNAL_MESSAGES_MAX];
        _cleanup_free_ char *tail = NULL;
        size_t count = 0, tail_size;
        ssize_t sent;
        int r = write_tail(fields, n_fields, &tail, &tail_size);

        if (r < 0)
                return r;
        assert(n_messages > 0 && n_messages <= JOURNAL_MESSAGES_MAX);
        for (size_t i = 0; i < n_messages; i++) {
                memcpy(heads[i].name, "MESSAGE\n", sizeof(heads[i].name));
                heads[i].size = htole64(messages[i].size);
                parts[count++] = (struct iovec){ &heads[i], sizeof(heads[i]) };
                parts[count++] = (struct iovec){ (char *) messages[i].text, messages[i].size };
                parts[count++] = (struct iovec){ tail, tail_size };
        }
        /* Nothing follows the last one. */
        parts[count - 1].iov_len--;

        do
                sent = sendmsg(socket, &(struct msghdr){ .msg_iov = parts, .msg_iovlen = count }, MSG_NOSIGNAL | MSG_DONTWAIT);
        while (sent < 0 && errno == EINTR);
        return sent < 0 ? negative_errno() : 0;
}
