/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spawner.h"

#include <sys/epoll.h>

#include "fd-util.h"

typedef struct Ticket {
        SpawnRequest request;
        SpawnHandler handler;
        void *userdata;
        struct Ticket *next;
} Ticket;

struct Spawner {
        int socket;
        sd_event_source *source;
        void (*lost)(void *userdata);
        void *userdata;

        /* One queue in order of request; replies come in the same order. */
        Ticket *first, **end;
        Ticket *unsent;          /* the first that the socket has not taken yet */
};

Spawner *spawner_free(Spawner *spawner) {
        if (!spawner)
                return NULL;

        for (Ticket *t = spawner->first, *next; t; t = next) {
                next = t->next;
                free(t);
        }
        sd_event_source_disable_unref(spawner->source);
        (void) fd_close(spawner->socket);
        free(spawner);
        return NULL;
}

static void call_handler(Spawner *spawner, int pidfd) {
        Ticket *t = spawner->first;

        spawner->first = t->next;
        if (!spawner->first)
                spawner->end = &spawner->first;
        if (spawner->unsent == t)
                spawner->unsent = t->next;

        t->handler(t->userdata, pidfd);
        free(t);
}

/* Answers everybody before the owner hears of it, so that no caller is left waiting. */
static void spawner_lose(Spawner *spawner) {
        (void) sd_event_source_set_enabled(spawner->source, SD_EVENT_OFF);
        spawner->socket = fd_close(spawner->socket);

        while (spawner->first)
                call_handler(spawner, -ECONNRESET);
        spawner->lost(spawner->userdata);
}

/* Sends what the socket takes. Negative: the spawner is gone. */
static int flush(Spawner *spawner) {
        while (spawner->unsent) {
                int r = spawner_send(spawner->socket, &spawner->unsent->request);

                if (r == -EAGAIN)
                        break;
                if (r < 0)
                        return r;
                spawner->unsent = spawner->unsent->next;
        }
        return sd_event_source_set_io_events(spawner->source, EPOLLIN | (spawner->unsent ? (uint32_t) EPOLLOUT : 0));
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Spawner *spawner = userdata;

        for (;;) {
                int pidfd, r = spawner_receive(spawner->socket, &pidfd);

                if (r == -EAGAIN)
                        break;
                if (r == -ECONNRESET || spawner->first == spawner->unsent) {
                        spawner_lose(spawner);
                        return 0;
                }
                call_handler(spawner, r < 0 ? r : pidfd);
        }

        if (flush(spawner) < 0)
                spawner_lose(spawner);
        return 0;
}

int spawner_new(sd_event *event, int socket, void (*lost)(void *userdata), void *userdata, Spawner **ret) {
        _cleanup_(spawner_freep) Spawner *spawner = calloc(1, sizeof(Spawner));
        int r;

        if (!spawner) {
                (void) fd_close(socket);
                return -ENOMEM;
        }
        *spawner = (Spawner){ .socket = socket, .lost = lost, .userdata = userdata };
        spawner->end = &spawner->first;

        /* Before all others: a machine that is being started waits for this. */
        r = sd_event_add_io(event, &spawner->source, socket, EPOLLIN, on_socket, spawner);
        if (r >= 0)
                r = sd_event_source_set_priority(spawner->source, SD_EVENT_PRIORITY_NORMAL - 3);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(spawner);
        return 0;
}

int spawner_request(Spawner *spawner, const SpawnRequest *request, SpawnHandler handler, void *userdata) {
        Ticket *t;

        if (spawner->socket < 0)
                return -ECONNRESET;

        t = malloc(sizeof(Ticket));
        if (!t)
                return -ENOMEM;
        *t = (Ticket){ .request = *request, .handler = handler, .userdata = userdata };
        *spawner->end = t;
        spawner->end = &t->next;
        if (!spawner->unsent)
                spawner->unsent = t;

        /* Where it can't be sent because the spawner is gone, the loop hears of that, and through it every handler. */
        (void) flush(spawner);
        return 0;
}
