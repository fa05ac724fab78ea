/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A connection is two sockets and a buffer for each direction. One that cannot be carried on is closed, as the machine
 * would close it. Datagrams: one socket to the machine for each peer, until it has been quiet for a while.
 */

#include "publish.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd-util.h"

enum { BUFFER = 16 * 1024, CARRIERS_MAX = 1024, DATAGRAM_MAX = 65536 };
#define QUIET_USEC (60 * USEC_PER_SEC)

typedef union Address {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
} Address;

typedef struct Carrier Carrier;
typedef struct Listener Listener;

/* One direction: what was read of one side and is not written to the other yet. */
typedef struct Flow {
        char data[BUFFER];
        size_t begin, end;
        bool ended;              /* nothing more will be read */
        bool closed;             /* and the other side was told */
} Flow;

struct Carrier {
        Publisher *publisher;
        Listener *listener;
        Carrier *previous, *next;
        int fds[2];              /* the peer's and the machine's; of datagrams, the machine's alone */
        sd_event_source *sources[2];
        bool connected;
        Flow *flows;             /* two; from fds[0], from fds[1] */
        Address peer;            /* of datagrams */
        socklen_t peer_size;
        sd_event_source *timer;
};

struct Listener {
        Publisher *publisher;
        const PortSocket *socket;
        sd_event_source *source;
};

struct Publisher {
        sd_event *event;
        Listener *listeners;
        size_t n_listeners;
        Carrier *carriers;
        size_t n_carriers;
};

/* Carriers */

static void carrier_free(Carrier *c) {
        Publisher *p = c->publisher;

        if (c->previous)
                c->previous->next = c->next;
        else
                p->carriers = c->next;
        if (c->next)
                c->next->previous = c->previous;
        p->n_carriers--;

        for (size_t i = 0; i < 2; i++) {
                sd_event_source_disable_unref(c->sources[i]);
                (void) fd_close(c->fds[i]);
        }
        sd_event_source_disable_unref(c->timer);
        free(c->flows);
        free(c);
}

static Carrier *carrier_new(Listener *l) {
        Publisher *p = l->publisher;
        Carrier *c = p->n_carriers < CARRIERS_MAX ? calloc(1, sizeof(Carrier)) : NULL;

        if (!c)
                return NULL;
        *c = (Carrier){ .publisher = p, .listener = l, .fds = { -EBADF, -EBADF }, .next = p->carriers };
        if (p->carriers)
                p->carriers->previous = c;
        p->carriers = c;
        p->n_carriers++;
        return c;
}

/* A socket towards the machine: connected, or about to be. */
static int connect_machine(const PortSocket *to, int type) {
        _cleanup_close_ int fd = socket(to->to.family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);
        Address a = { .any.sa_family = (sa_family_t) to->to.family };

        if (fd < 0)
                return negative_errno();
        if (to->to.family == AF_INET) {
                a.in.sin_port = htons(to->port);
                memcpy(&a.in.sin_addr, to->to.bytes, 4);
        } else {
                a.in6.sin6_port = htons(to->port);
                memcpy(&a.in6.sin6_addr, to->to.bytes, 16);
        }
        if (connect(fd, &a.any, to->to.family == AF_INET ? sizeof(a.in) : sizeof(a.in6)) < 0 && errno != EINPROGRESS)
                return negative_errno();
        return TAKE_FD(fd);
}

/* Streams */

/* As much as there is room for and as there is. */
static bool flow_read(Flow *f, int fd) {
        ssize_t n;

        if (f->ended || f->end == BUFFER)
                return true;
        n = read(fd, f->data + f->end, BUFFER - f->end);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR;
        if (n == 0)
                f->ended = true;
        f->end += (size_t) n;
        return true;
}

static bool flow_write(Flow *f, int fd) {
        if (f->begin < f->end) {
                ssize_t n = send(fd, f->data + f->begin, f->end - f->begin, MSG_NOSIGNAL);

                if (n < 0)
                        return errno == EAGAIN || errno == EINTR;
                f->begin += (size_t) n;
        }
        if (f->begin == f->end)
                f->begin = f->end = 0;
        if (f->ended && f->end == 0 && !f->closed) {
                f->closed = true;
                return shutdown(fd, SHUT_WR) >= 0 || errno == ENOTCONN;
        }
        return true;
}

static uint32_t wanted(const Carrier *c, size_t side) {
        const Flow *from = &c->flows[side], *to = &c->flows[1 - side];

        if (side == 1 && !c->connected)
                return EPOLLOUT;
        return (from->ended || from->end == BUFFER ? 0 : (uint32_t) EPOLLIN) | (to->begin < to->end ? (uint32_t) EPOLLOUT : 0);
}

/* Whether it goes on. */
static bool stream_step(Carrier *c, size_t side, uint32_t events) {
        int error = 0;
        socklen_t size = sizeof(error);

        if (side == 1 && !c->connected) {
                if (getsockopt(c->fds[1], SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error != 0)
                        return false;
                c->connected = true;
        }
        if ((events & EPOLLERR) || !c->connected)
                return !(events & EPOLLERR);

        /* Both ways: what one side took makes room for what the other one gives. */
        for (size_t i = 0; i < 2; i++)
                if (!flow_read(&c->flows[i], c->fds[i]) || !flow_write(&c->flows[i], c->fds[1 - i]))
                        return false;
        if (c->flows[0].closed && c->flows[1].closed)
                return false;

        /* Both ends of a hung-up connection would be reported for ever. */
        return !(events & EPOLLHUP) || c->flows[side].end > 0 || !c->flows[side].ended;
}

static int on_stream(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Carrier *c = userdata;

        if (!stream_step(c, fd == c->fds[0] ? 0 : 1, events)) {
                carrier_free(c);
                return 0;
        }
        for (size_t i = 0; i < 2; i++)
                if (sd_event_source_set_io_events(c->sources[i], wanted(c, i)) < 0) {
                        carrier_free(c);
                        return 0;
                }
        return 0;
}

static void take_connection(Listener *l, int accepted) {
        Carrier *c = carrier_new(l);
        int r = 0;

        if (!c) {
                (void) fd_close(accepted);
                return;
        }
        c->fds[0] = accepted;
        c->fds[1] = connect_machine(l->socket, SOCK_STREAM);
        c->flows = calloc(2, sizeof(Flow));
        if (c->fds[1] < 0 || !c->flows)
                r = -ENOMEM;
        for (size_t i = 0; i < 2 && r >= 0; i++)
                r = sd_event_add_io(l->publisher->event, &c->sources[i], c->fds[i], wanted(c, i), on_stream, c);
        if (r < 0)
                carrier_free(c);
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (accepted >= 0)
                take_connection(userdata, accepted);
        return 0;
}

/* Datagrams */

static int on_quiet(sd_event_source *source, uint64_t usec, void *userdata) {
        carrier_free(userdata);
        return 0;
}

static void stay_awake(Carrier *c) {
        (void) sd_event_source_set_time_relative(c->timer, QUIET_USEC);
}

static int on_answer(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        static char data[DATAGRAM_MAX];
        Carrier *c = userdata;
        ssize_t n = recv(fd, data, sizeof(data), 0);

        if (n >= 0) {
                (void) sendto(c->listener->socket->fd, data, (size_t) n, MSG_NOSIGNAL, &c->peer.any, c->peer_size);
                stay_awake(c);
        } else if (errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED)
                carrier_free(c);
        return 0;
}

static Carrier *find_peer(Listener *l, const Address *peer, socklen_t size) {
        Carrier *c;
        int r;

        for (c = l->publisher->carriers; c; c = c->next)
                if (c->listener == l && c->peer_size == size && memcmp(&c->peer, peer, size) == 0)
                        return c;

        c = carrier_new(l);
        if (!c)
                return NULL;
        c->peer = *peer;
        c->peer_size = size;
        c->fds[1] = connect_machine(l->socket, SOCK_DGRAM);
        r = c->fds[1] < 0 ? c->fds[1] : sd_event_add_io(l->publisher->event, &c->sources[1], c->fds[1], EPOLLIN, on_answer, c);
        if (r >= 0)
                r = sd_event_add_time_relative(l->publisher->event, &c->timer, CLOCK_MONOTONIC, QUIET_USEC, USEC_PER_SEC,
                                               on_quiet, c);
        if (r < 0) {
                carrier_free(c);
                return NULL;
        }
        return c;
}

static int on_datagram(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        static char data[DATAGRAM_MAX];
        Address peer = {};
        socklen_t size = sizeof(peer);
        ssize_t n = recvfrom(fd, data, sizeof(data), 0, &peer.any, &size);
        Carrier *c = n >= 0 ? find_peer(userdata, &peer, size) : NULL;

        if (c) {
                (void) send(c->fds[1], data, (size_t) n, MSG_NOSIGNAL);
                stay_awake(c);
        }
        return 0;
}

/* All of it */

Publisher *publisher_free(Publisher *p) {
        if (!p)
                return NULL;
        while (p->carriers)
                carrier_free(p->carriers);
        for (size_t i = 0; i < p->n_listeners; i++)
                sd_event_source_disable_unref(p->listeners[i].source);
        free(p->listeners);
        free(p);
        return NULL;
}

int publisher_new(sd_event *event, const Ports *ports, Publisher **ret) {
        Publisher *p;
        int r = 0;

        *ret = NULL;
        if (ports->n_sockets == 0)
                return 0;
        p = calloc(1, sizeof(Publisher));
        if (p)
                p->listeners = calloc(ports->n_sockets, sizeof(Listener));
        if (!p || !p->listeners) {
                publisher_free(p);
                return -ENOMEM;
        }
        p->event = event;

        for (size_t i = 0; i < ports->n_sockets && r >= 0; i++) {
                Listener *l = &p->listeners[p->n_listeners];

                *l = (Listener){ .publisher = p, .socket = &ports->sockets[i] };
                if (l->socket->protocol == IPPROTO_SCTP)
                        continue;
                r = sd_event_add_io(event, &l->source, l->socket->fd, EPOLLIN,
                                    l->socket->protocol == IPPROTO_UDP ? on_datagram : on_connection, l);
                if (r >= 0)
                        p->n_listeners++;
        }
        if (r < 0) {
                publisher_free(p);
                return r;
        }
        *ret = p;
        return 0;
}
