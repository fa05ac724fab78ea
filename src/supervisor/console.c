/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "console.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd-util.h"
#include "recorder.h"

enum {
        CHUNK = 16 * 1024,
        BACKLOG = 64 * 1024,
        HANGUP_RETRY_USEC = 100 * 1000,
        DRAIN_USEC = 5 * 1000 * 1000,
        DRAIN_ROUNDS = 12,       /* as often as something was taken meanwhile */
        PATIENCE_USEC = 1 * 1000 * 1000,
        REST_MOST = 256 * 1024,  /* more than a terminal holds (TTYB_DEFAULT_MEM_LIMIT of drivers/tty/tty_buffer.c) */
};

/* Bytes on their way; [start, end) is what is left. */
typedef struct Buffer {
        char *data;
        size_t start, end;
} Buffer;

typedef struct Stream {
        Console *console;
        int fd;
        sd_event_source *source;
        Buffer out;              /* to the client */
        sd_event_source *patience; /* with what is in there */
        bool late;               /* which is over */
        bool behind;             /* too late for the others: it gets no more until it has taken this … */
        uint64_t left_out;       /* … and is told then how many bytes that were */
        struct Stream *next;
} Stream;

struct Console {
        sd_event *event;
        int master;
        sd_event_source *master_source, *retry, *deadline;
        Stream *streams;
        Buffer in;               /* from a client to the payload: one chunk at a time */
        Buffer backlog;          /* until the first stream */
        struct Recorder *recorder; /* NULL: none; borrowed */
        bool attached;           /* there was a stream */
        bool hold;               /* before that nothing is read */
        bool hung_up;            /* nobody in the machine has the terminal open */
        uint64_t given;          /* bytes that went into sockets */
        uint64_t given_before, unread_before; /* those, and what was unread there, at the last look while it is drained */
        unsigned rounds;
        void (*done)(void *userdata);
        void *done_userdata;
};

static void console_update(Console *c);

/* Buffers */

static bool buffer_is_empty(const Buffer *b) {
        return b->start == b->end;
}

static void buffer_clear(Buffer *b) {
        free(b->data);
        *b = (Buffer){};
}

static int buffer_set(Buffer *b, const char *data, size_t size) {
        char *copy = malloc(size);

        if (!copy)
                return -ENOMEM;
        memcpy(copy, data, size);
        buffer_clear(b);
        *b = (Buffer){ .data = copy, .end = size };
        return 0;
}

/* Writes what it can. 0, or a negative errno other than -EAGAIN. */
static int buffer_write(Buffer *b, int fd) {
        while (!buffer_is_empty(b)) {
                ssize_t n = write(fd, b->data + b->start, b->end - b->start);

                if (n < 0)
                        return errno == EAGAIN || errno == EINTR ? 0 : negative_errno();
                b->start += (size_t) n;
        }
        buffer_clear(b);
        return 0;
}

/* Keeps the last BACKLOG bytes. */
static void backlog_add(Buffer *b, const char *data, size_t size) {
        size_t kept = b->end, drop;
        char *grown;

        if (size > BACKLOG) {
                data += size - BACKLOG;
                size = BACKLOG;
        }
        drop = kept + size > BACKLOG ? kept + size - BACKLOG : 0;

        grown = realloc(b->data, BACKLOG);
        if (!grown)
                return;
        memmove(grown, grown + drop, kept - drop);
        memcpy(grown + kept - drop, data, size);
        b->data = grown;
        b->end = kept - drop + size;
}

/* Streams */

static void stream_free(Stream *stream) {
        Console *c = stream->console;

        for (Stream **p = &c->streams; *p; p = &(*p)->next)
                if (*p == stream) {
                        *p = stream->next;
                        break;
                }
        sd_event_source_disable_unref(stream->source);
        sd_event_source_disable_unref(stream->patience);
        (void) fd_close(stream->fd);
        buffer_clear(&stream->out);
        free(stream);
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        Stream *stream = userdata;

        stream->late = true;
        console_update(stream->console);
        return 0;
}

/* In the place of what was left out. What comes before may be half of an escape sequence, which CAN ends (ECMA-48). */
static int stream_mark_gap(Stream *stream) {
        char text[128];
        int n = snprintf(text, sizeof(text),
                         "\030\r\n[berth: %" PRIu64 " bytes are missing here, which this terminal was too slow for]\r\n",
                         stream->left_out);

        stream->behind = false;
        stream->left_out = 0;
        return buffer_set(&stream->out, text, (size_t) n);
}

/* Writes what it takes now; as long as there is a rest its time runs. */
static int stream_write(Stream *stream) {
        const size_t before = stream->out.end - stream->out.start;
        int r = buffer_write(&stream->out, stream->fd);

        stream->console->given += before - (stream->out.end - stream->out.start);
        if (r >= 0 && buffer_is_empty(&stream->out) && stream->left_out > 0) {
                r = stream_mark_gap(stream);
                if (r >= 0)
                        r = buffer_write(&stream->out, stream->fd);
        }
        if (r < 0)
                return r;
        if (buffer_is_empty(&stream->out)) {
                stream->patience = sd_event_source_disable_unref(stream->patience);
                stream->late = stream->behind = false;
        } else if (!stream->patience)
                return sd_event_add_time_relative(stream->console->event, &stream->patience, CLOCK_MONOTONIC, PATIENCE_USEC, 0,
                                                  on_patience, stream);
        return 0;
}

/*
 * No more will come, and nobody waits for a client that stands still: what is left for it, and the mark, go into its socket,
 * whose reader finds them when it reads on. The socket is full, so it is made to hold twice as much.
 */
static void stream_finish(Stream *stream) {
        socklen_t size = sizeof(int);
        int room;

        if (buffer_is_empty(&stream->out))
                return;
        if (getsockopt(stream->fd, SOL_SOCKET, SO_SNDBUF, &room, &size) < 0)
                return;
        /* The kernel doubles what it is given here, and tells the double (socket(7)). */
        if (setsockopt(stream->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
                (void) setsockopt(stream->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
        (void) stream_write(stream);
}

/* What the payload wrote. */
static int stream_give(Stream *stream, const char *data, size_t size) {
        int r;

        if (stream->behind) {
                stream->left_out += size;
                return 0;
        }
        r = buffer_set(&stream->out, data, size);
        return r < 0 ? r : stream_write(stream);
}

/* One chunk from the client to the payload; the next is read once this one is taken. */
static int stream_read(Stream *stream) {
        Console *c = stream->console;
        char chunk[CHUNK];
        ssize_t n = read(stream->fd, chunk, sizeof(chunk));

        if (n <= 0)
                return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -EPIPE;
        if (buffer_set(&c->in, chunk, (size_t) n) < 0)
                return -ENOMEM;
        (void) buffer_write(&c->in, c->master);
        return 0;
}

static int on_stream(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Stream *stream = userdata;
        Console *c = stream->console;
        int r = 0;

        if (events & EPOLLOUT)
                r = stream_write(stream);
        if (r >= 0 && (events & EPOLLIN))
                r = stream_read(stream);
        else if (events & (EPOLLHUP | EPOLLERR))
                r = -EPIPE;
        if (r < 0)
                stream_free(stream);

        console_update(c);
        return 0;
}

int console_attach(Console *c, int *ret) {
        Stream *stream = NULL;
        int pair[2], r;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return negative_errno();

        stream = calloc(1, sizeof(*stream));
        r = stream && fcntl(pair[0], F_SETFL, O_NONBLOCK) >= 0 ? 0 : -ENOMEM;
        if (r >= 0)
                r = sd_event_add_io(c->event, &stream->source, pair[0], 0, on_stream, stream);
        if (r < 0) {
                fd_close_many(pair, 2);
                free(stream);
                return r;
        }

        stream->console = c;
        stream->fd = pair[0];
        stream->next = c->streams;
        c->streams = stream;

        /* The first one gets what was written before it came. */
        stream->out = c->backlog;
        c->backlog = (Buffer){};
        c->attached = true;
        if (stream_write(stream) < 0)
                buffer_clear(&stream->out);
        console_update(c);

        *ret = pair[1];
        return 0;
}

/* The master */

static bool all_taken(const Console *c) {
        for (const Stream *stream = c->streams; stream; stream = stream->next)
                if (!stream->behind && !buffer_is_empty(&stream->out))
                        return false;
        return true;
}

/*
 * Whoever reads gets all, and who reads slowly slows the payload down. But where one has taken everything and waits for more,
 * another that has had its time and did not use it holds nobody up: it goes on behind a gap.
 */
static void leave_behind(Console *c) {
        bool waited_for = false;

        for (const Stream *stream = c->streams; stream; stream = stream->next)
                waited_for = waited_for || buffer_is_empty(&stream->out);
        for (Stream *stream = c->streams; stream && waited_for; stream = stream->next)
                stream->behind = stream->behind || stream->late;
}

static void deliver(Console *c, const char *data, size_t size) {
        if (c->recorder)
                recorder_write(c->recorder, RECORD_TERMINAL, data, size);
        if (!c->attached) {
                backlog_add(&c->backlog, data, size);
                return;
        }
        for (Stream *stream = c->streams, *next; stream; stream = next) {
                next = stream->next;
                if (stream_give(stream, data, size) < 0)
                        stream_free(stream);
        }
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        Console *c = userdata;

        c->hung_up = false;
        console_update(c);
        return 0;
}

/*
 * While no process has the other side open, reading fails with EIO and epoll reports a hang-up without pause;
 * somebody may open /dev/console again, so look now and then.
 */
static void hang_up(Console *c) {
        c->hung_up = true;
        if (c->done)
                return;
        c->retry = sd_event_source_disable_unref(c->retry);
        (void) sd_event_add_time_relative(c->event, &c->retry, CLOCK_MONOTONIC, HANGUP_RETRY_USEC, HANGUP_RETRY_USEC, on_retry,
                                          c);
}

static int on_master(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Console *c = userdata;
        char chunk[CHUNK];
        ssize_t n;

        if (events & EPOLLOUT)
                (void) buffer_write(&c->in, c->master);

        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                n = read(fd, chunk, sizeof(chunk));
                if (n > 0)
                        deliver(c, chunk, (size_t) n);
                else if (n == 0 || (errno != EAGAIN && errno != EINTR))
                        hang_up(c);
        }
        console_update(c);
        return 0;
}

static void finish(Console *c) {
        void (*done)(void *userdata) = TAKE_PTR(c->done);

        done(c->done_userdata);
}

/* What each source is to wait for follows from what is where; computed in one place, after every event. */
static void console_update(Console *c) {
        bool taken, held = c->hold && !c->attached;
        uint32_t master;

        leave_behind(c);
        taken = all_taken(c) && (!c->recorder || recorder_is_ready(c->recorder));
        master = (taken && !held ? EPOLLIN : 0u) | (buffer_is_empty(&c->in) ? 0u : EPOLLOUT);

        (void) sd_event_source_set_io_events(c->master_source, master);
        (void) sd_event_source_set_enabled(c->master_source, c->hung_up || master == 0 ? SD_EVENT_OFF : SD_EVENT_ON);

        for (Stream *stream = c->streams; stream; stream = stream->next)
                (void) sd_event_source_set_io_events(stream->source, (buffer_is_empty(&stream->out) ? 0u : EPOLLOUT) |
                                                                             (buffer_is_empty(&c->in) ? EPOLLIN : 0u));
        if (c->done && c->hung_up && taken)
                finish(c);
}

/* What nobody waits for any more: who can take it at once gets it, the others are told how much it was. */
static void read_rest(Console *c) {
        char chunk[CHUNK];

        for (size_t i = 0; i < REST_MOST / CHUNK; i++) {
                ssize_t n = read(c->master, chunk, sizeof(chunk));

                if (n <= 0)
                        return;
                for (Stream *stream = c->streams; stream; stream = stream->next)
                        stream->behind = stream->behind || !buffer_is_empty(&stream->out);
                if (c->recorder && !recorder_is_ready(c->recorder))
                        recorder_give_up(c->recorder);
                deliver(c, chunk, (size_t) n);
        }
}

/*
 * Whether any client has read since the last look. What went into the sockets does not tell: they take more only when three
 * quarters of what is in them were read (unix_writable() of net/unix/af_unix.c).
 */
static bool is_being_read(Console *c) {
        uint64_t unread = 0, unread_before = c->unread_before, given_before = c->given_before;

        for (const Stream *stream = c->streams; stream; stream = stream->next) {
                int queued = 0;

                if (ioctl(stream->fd, SIOCOUTQ, &queued) >= 0)
                        unread += (uint64_t) queued;
        }
        c->given_before = c->given;
        c->unread_before = unread;
        return c->given != given_before || unread < unread_before;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        Console *c = userdata;
        void (*done)(void *userdata);

        /* Who is slow and goes on is waited for. */
        if (c->done && is_being_read(c) && c->rounds++ < DRAIN_ROUNDS &&
            sd_event_source_set_time_relative(source, DRAIN_USEC) >= 0 &&
            sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) >= 0)
                return 0;
        done = TAKE_PTR(c->done);
        if (!done)
                return 0;
        read_rest(c);
        done(c->done_userdata);
        return 0;
}

void console_drain(Console *c, void (*done)(void *userdata), void *userdata) {
        c->done = done;
        c->done_userdata = userdata;
        (void) is_being_read(c);
        c->rounds = 0;
        c->hung_up = false;
        (void) sd_event_add_time_relative(c->event, &c->deadline, CLOCK_MONOTONIC, DRAIN_USEC, 0, on_deadline, c);
        console_update(c);
}

void console_resize(Console *c, uint32_t rows, uint32_t columns) {
        struct winsize size = { .ws_row = (unsigned short) rows, .ws_col = (unsigned short) columns };

        if (rows > 0 && columns > 0 && rows <= UINT16_MAX && columns <= UINT16_MAX)
                (void) ioctl(c->master, TIOCSWINSZ, &size);
}

static void on_recorder(void *userdata) {
        console_update(userdata);
}

void console_record(Console *c, struct Recorder *recorder) {
        c->recorder = recorder;
        recorder_notify(recorder, on_recorder, c);
        console_update(c);
}

int console_new(sd_event *event, int master, bool hold, Console **ret, Error *error) {
        Console *c = calloc(1, sizeof(*c));
        int r = c && fcntl(master, F_SETFL, O_NONBLOCK) >= 0 ? 0 : -ENOMEM;

        if (r >= 0)
                r = sd_event_add_io(event, &c->master_source, master, EPOLLIN, on_master, c);
        if (r < 0) {
                (void) fd_close(master);
                free(c);
                return error_set_errno(error, r, "serving the terminal", NULL);
        }

        c->event = sd_event_ref(event);
        c->master = master;
        c->hold = hold;
        console_update(c);
        *ret = c;
        return 0;
}

int console_replace_master(Console *c, int master) {
        struct winsize size;
        int r = fcntl(master, F_SETFL, O_NONBLOCK) < 0 ? negative_errno() : 0;

        c->master_source = sd_event_source_disable_unref(c->master_source);
        c->retry = sd_event_source_disable_unref(c->retry);
        c->deadline = sd_event_source_disable_unref(c->deadline);
        if (r >= 0)
                r = sd_event_add_io(c->event, &c->master_source, master, EPOLLIN, on_master, c);
        if (r < 0) {
                (void) fd_close(master);
                return r;
        }

        if (ioctl(c->master, TIOCGWINSZ, &size) >= 0)
                (void) ioctl(master, TIOCSWINSZ, &size);
        (void) fd_close(c->master);
        c->master = master;
        c->hung_up = false;
        c->done = NULL;
        console_update(c);
        return 0;
}

Console *console_free(Console *c) {
        if (!c)
                return NULL;
        if (c->recorder)
                recorder_notify(c->recorder, NULL, NULL);
        while (c->streams) {
                stream_finish(c->streams);
                stream_free(c->streams);
        }
        sd_event_source_disable_unref(c->master_source);
        sd_event_source_disable_unref(c->retry);
        sd_event_source_disable_unref(c->deadline);
        (void) fd_close(c->master);
        buffer_clear(&c->in);
        buffer_clear(&c->backlog);
        sd_event_unref(c->event);
        free(c);
        return NULL;
}
