/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netlink.h"

#include <sys/socket.h>

#include "fd-util.h"

int netlink_open(int protocol, Netlink *nl) {
        int on = 1;

        *nl = (Netlink){ .fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), .first = 1, .next = 1 };
        if (nl->fd < 0)
                return negative_errno();

        /* Both since Linux 4.12: reasons in words, and answers that do not repeat the request. */
        (void) setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
        (void) setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
        return 0;
}

void netlink_done(Netlink *nl) {
        if (nl->fd > 0)
                nl->fd = fd_close(nl->fd);
}

/* Room for SIZE bytes at the end, zeroed; NULL where there is none. */
static void *extend(Netlink *nl, size_t size) {
        size_t at = nl->size, aligned = NLMSG_ALIGN(size);

        if (nl->full || sizeof(nl->buffer) - at < aligned) {
                nl->full = true;
                return NULL;
        }
        memset(nl->buffer + at, 0, aligned);
        nl->size += aligned;
        if (at > nl->message)
                ((struct nlmsghdr *) (nl->buffer + nl->message))->nlmsg_len = (uint32_t) (nl->size - nl->message);
        return nl->buffer + at;
}

void netlink_begin(Netlink *nl, uint16_t type, uint16_t flags, const void *header, size_t size) {
        struct nlmsghdr *m;

        nl->message = nl->size;
        m = extend(nl, NLMSG_HDRLEN);
        if (!m)
                return;
        *m = (struct nlmsghdr){
                .nlmsg_len = NLMSG_HDRLEN,
                .nlmsg_type = type,
                .nlmsg_flags = (uint16_t) (flags | NLM_F_REQUEST | ((flags & NLM_F_DUMP) == NLM_F_DUMP ? 0 : NLM_F_ACK)),
                .nlmsg_seq = nl->next++,
        };
        netlink_put_raw(nl, header, size);
}

void netlink_put_raw(Netlink *nl, const void *data, size_t size) {
        void *room = extend(nl, size);

        if (room)
                memcpy(room, data, size);
}

void netlink_put(Netlink *nl, uint16_t type, const void *data, size_t size) {
        struct nlattr *a = extend(nl, NLA_HDRLEN + size);

        if (!a)
                return;
        *a = (struct nlattr){ .nla_type = type, .nla_len = (uint16_t) (NLA_HDRLEN + size) };
        if (size > 0)
                memcpy((char *) a + NLA_HDRLEN, data, size);
}

void netlink_put_u8(Netlink *nl, uint16_t type, uint8_t value) {
        netlink_put(nl, type, &value, sizeof(value));
}

void netlink_put_u32(Netlink *nl, uint16_t type, uint32_t value) {
        netlink_put(nl, type, &value, sizeof(value));
}

void netlink_put_string(Netlink *nl, uint16_t type, const char *value) {
        netlink_put(nl, type, value, strlen(value) + 1);
}

size_t netlink_nest(Netlink *nl, uint16_t type) {
        size_t at = nl->size;

        netlink_put(nl, type, NULL, 0);
        return at;
}

void netlink_end(Netlink *nl, size_t nest) {
        if (!nl->full)
                ((struct nlattr *) (nl->buffer + nest))->nla_len = (uint16_t) (nl->size - nest);
}

static void keep_reason(Netlink *nl, const struct nlmsghdr *m) {
        size_t skip = NLMSG_HDRLEN + sizeof(struct nlmsgerr);
        const struct nlattr *a;

        if (!(m->nlmsg_flags & NLM_F_ACK_TLVS) || m->nlmsg_len <= skip)
                return;
        a = netlink_find((const char *) m + skip, m->nlmsg_len - skip, NLMSGERR_ATTR_MSG);
        if (a && netlink_data_size(a) > 0) {
                size_t n = netlink_data_size(a) - 1;

                if (n >= sizeof(nl->reason))
                        n = sizeof(nl->reason) - 1;
                memcpy(nl->reason, netlink_data(a), n);
                nl->reason[n] = '\0';
        }
}

typedef struct Reply {
        uint32_t last;           /* the sequence number that ends it */
        int result;
        bool ended;
        NetlinkHandler handler;
        void *userdata;
} Reply;

static void take_message(Netlink *nl, const struct nlmsghdr *m, Reply *reply) {
        const struct nlmsgerr *e;

        if (m->nlmsg_type == NLMSG_DONE) {
                reply->ended = true;
                return;
        }
        if (m->nlmsg_type != NLMSG_ERROR) {
                if (reply->handler && reply->result >= 0)
                        reply->result = reply->handler(m, reply->userdata);
                return;
        }

        e = (const struct nlmsgerr *) NLMSG_DATA(m);
        if (e->error < 0 && reply->result >= 0) {
                reply->result = e->error;
                nl->failed = m->nlmsg_seq - nl->first;
                keep_reason(nl, m);
        }
        reply->ended = m->nlmsg_seq == reply->last;
}

static int receive(Netlink *nl, Reply *reply) {
        _Alignas(8) char buffer[32768];

        while (!reply->ended) {
                ssize_t size = recv(nl->fd, buffer, sizeof(buffer), 0);

                if (size < 0 && errno == EINTR)
                        continue;
                if (size < 0)
                        return negative_errno();
                for (const struct nlmsghdr *m = (const void *) buffer; NLMSG_OK(m, (size_t) size); m = NLMSG_NEXT(m, size))
                        if (m->nlmsg_seq >= nl->first && m->nlmsg_seq <= reply->last)
                                take_message(nl, m, reply);
        }
        return reply->result;
}

static int talk(Netlink *nl, NetlinkHandler handler, void *userdata) {
        Reply reply = { .last = nl->next - 1, .handler = handler, .userdata = userdata };
        int r = 0;

        nl->reason[0] = '\0';
        if (nl->full)
                r = -EMSGSIZE;
        else if (nl->size > 0 && send(nl->fd, nl->buffer, nl->size, 0) < 0)
                r = negative_errno();
        else if (nl->size > 0)
                r = receive(nl, &reply);

        nl->size = nl->message = 0;
        nl->full = false;
        nl->first = nl->next;
        return r;
}

int netlink_run(Netlink *nl) {
        return talk(nl, NULL, NULL);
}

int netlink_ask(Netlink *nl, NetlinkHandler handler, void *userdata) {
        return talk(nl, handler, userdata);
}

const struct nlattr *netlink_find(const void *attributes, size_t size, uint16_t type) {
        for (const char *p = attributes; size >= NLA_HDRLEN;) {
                const struct nlattr *a = (const void *) p;
                size_t step = NLA_ALIGN(a->nla_len);

                if (a->nla_len < NLA_HDRLEN || a->nla_len > size)
                        return NULL;
                if ((a->nla_type & NLA_TYPE_MASK) == type)
                        return a;
                if (step >= size)
                        return NULL;
                p += step;
                size -= step;
        }
        return NULL;
}
