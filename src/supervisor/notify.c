/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify.h"

#include <sys/socket.h>

#include "fd-util.h"

/* sd_notify(3) sends far less; what is longer is cut, and its last line not read. */
enum { MESSAGE_MAX = 4096, DESCRIPTORS_MAX = 253 /* SCM_MAX_FD of unix(7) */ };

struct Notify {
        int fd;
        pid_t leader;
        sd_event_source *source;
        NotifyHandler handler;
        void *userdata;
};

/* Who sent it, in our pid namespace. Descriptors that came along (FDSTORE=1) are closed. */
static pid_t read_sender(struct msghdr *message) {
        pid_t sender = 0;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
                struct ucred credentials;

                if (c->cmsg_level != SOL_SOCKET)
                        continue;
                if (c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len == CMSG_LEN(sizeof(credentials))) {
                        memcpy(&credentials, CMSG_DATA(c), sizeof(credentials));
                        sender = credentials.pid;
                }
                for (size_t i = 0; c->cmsg_type == SCM_RIGHTS && CMSG_LEN((i + 1) * sizeof(int)) <= c->cmsg_len; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
                        (void) fd_close(fd);
                }
        }
        return sender;
}

static void read_lines(const Notify *n, char *text) {
        for (char *line = strsep(&text, "\n"); line; line = strsep(&text, "\n")) {
                char *equals = strchr(line, '=');

                if (!equals)
                        continue;
                *equals = '\0';
                n->handler(line, equals + 1, n->userdata);
        }
}

/* One message. False: there is none. */
static bool receive(const Notify *n) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
        } control;
        char text[MESSAGE_MAX + 1];
        struct iovec part = { .iov_base = text, .iov_len = MESSAGE_MAX };
        struct msghdr message = {
                .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        ssize_t size = recvmsg(n->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        pid_t sender;

        if (size < 0)
                return false;
        text[size] = '\0';
        sender = read_sender(&message);
        if ((n->leader == 0 || sender == n->leader) && !(message.msg_flags & MSG_TRUNC))
                read_lines(n, text);
        return true;
}

static int on_message(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) receive(userdata);
        return 0;
}

/* As many as a socket holds at a time, whoever goes on sending. */
void notify_drain(Notify *n) {
        enum { MESSAGES_MAX = 64 };

        for (int i = 0; n && i < MESSAGES_MAX && receive(n); i++)
                ;
}

int notify_new(sd_event *event, int fd, pid_t leader, NotifyHandler handler, void *userdata, Notify **ret, Error *error) {
        Notify *n = calloc(1, sizeof(Notify));
        int r;

        if (!n) {
                (void) fd_close(fd);
                return error_oom(error);
        }
        *n = (Notify){ .fd = fd, .leader = leader, .handler = handler, .userdata = userdata };
        r = sd_event_add_io(event, &n->source, fd, EPOLLIN, on_message, n);
        if (r < 0) {
                notify_free(n);
                return error_set_errno(error, r, "watching the socket for notifications", NULL);
        }
        *ret = n;
        return 0;
}

Notify *notify_free(Notify *n) {
        if (!n)
                return NULL;
        sd_event_source_disable_unref(n->source);
        (void) fd_close(n->fd);
        free(n);
        return NULL;
}
