/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fd-util.h"

enum { DETACH_KEY = 0x1d /* ^] */, DETACH_COUNT = 3, END_KEY = 0x04 /* ^D */ };

/* In the order of the pollfd array. */
enum { POLL_INPUT, POLL_TO_STREAM, POLL_FROM_STREAM, POLL_OUTPUT };

/*
 * Standard output must not block, or a terminal stopped by ^S would hold up signals too. O_NONBLOCK is a flag
 * of the open file, which the caller's shell shares, so it is set on one of our own: the same terminal or pipe
 * opened again. Where that is not possible (a socket, another user's terminal) the given one has to do; a file
 * never blocks, and has its position in what the shell shares.
 */
static int reopen_output(int output) {
        char path[FD_PATH_MAX];
        struct stat st;

        if (fstat(output, &st) < 0 || (!S_ISCHR(st.st_mode) && !S_ISFIFO(st.st_mode)))
                return -EBADF;
        return open(fd_path(output, path), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void relay_init(Relay *relay, int stream, int input, int output, const DetachKeys *keys) {
        relay->own_keys.keys = keys;
        relay->stream = stream;
        relay->output = reopen_output(output);
        relay->terminal = isatty(input);
        relay->in.from = input;
        relay->in.to = relay->out.from = stream;
        relay->out.to = relay->output >= 0 ? relay->output : output;
}

void relay_done(Relay *relay) {
        relay->stream = fd_close(relay->stream);
        relay->output = fd_close(relay->output);
}

static bool way_is_full(const RelayWay *way) {
        return way->start < way->size;
}

void relay_prepare(const Relay *relay, struct pollfd ret[static RELAY_POLL]) {
        const RelayWay *in = &relay->in, *out = &relay->out;

        ret[POLL_INPUT] = (struct pollfd){ .fd = in->ended || way_is_full(in) ? -1 : in->from, .events = POLLIN };
        ret[POLL_TO_STREAM] = (struct pollfd){ .fd = way_is_full(in) ? in->to : -1, .events = POLLOUT };
        ret[POLL_FROM_STREAM] = (struct pollfd){ .fd = out->ended || way_is_full(out) ? -1 : out->from, .events = POLLIN };
        ret[POLL_OUTPUT] = (struct pollfd){ .fd = way_is_full(out) ? out->to : -1, .events = POLLOUT };
}

/* The number of bytes that are in the buffer now. */
static size_t way_read(RelayWay *way) {
        ssize_t n = read(way->from, way->bytes, RELAY_CHUNK);

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
                return 0;

        way->start = 0;
        way->size = n > 0 ? (size_t) n : 0;
        way->ended = n <= 0;
        return way->size;
}

static void way_write(RelayWay *way) {
        /* A pipe that polls writable has room for this much at least (pipe(7)), also where it may block. */
        enum { CHUNK = 4096 };
        size_t left = way->size - way->start;
        ssize_t n = write(way->to, way->bytes + way->start, left < CHUNK ? left : CHUNK);

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
                return;
        if (n < 0)
                n = (ssize_t) left; /* Nobody takes it: the other side must not be held up by that. */
        way->start += (size_t) n;
}

static bool detach_asked(Relay *relay) {
        for (size_t i = 0; i < relay->in.size; i++) {
                if (relay->in.bytes[i] != DETACH_KEY) {
                        relay->detach_keys = 0;
                        continue;
                }
                if (relay->detach_keys == 0 || now_usec() - relay->detach_since > USEC_PER_SEC) {
                        relay->detach_keys = 0;
                        relay->detach_since = now_usec();
                }
                if (++relay->detach_keys == DETACH_COUNT)
                        return true;
        }
        return false;
}

/* Input from a pipe ended: the machine's terminal has no end of file, but a key for it. In a begun line it takes two. */
static void type_end(Relay *relay) {
        RelayWay *in = &relay->in;
        size_t n = relay->last == '\n' || !relay->last ? 1 : 2;

        in->start = 0;
        detach_match_release(&relay->own_keys, in->bytes, &in->size);
        memset(in->bytes + in->size, END_KEY, n);
        in->size += n;
}

/* What was typed before the keys is the machine's, if it takes it now. */
static void type_rest(Relay *relay) {
        if (way_is_full(&relay->in) && fd_wait(relay->in.to, POLLOUT, /* usec= */ 0) > 0)
                way_write(&relay->in);
}

int relay_process(Relay *relay, const struct pollfd polled[static RELAY_POLL]) {
        if (polled[POLL_INPUT].revents) {
                size_t n = way_read(&relay->in);

                if (n > 0)
                        relay->last = relay->in.bytes[n - 1];
                if (detach_asked(relay))
                        return 1;
                if (detach_match(&relay->own_keys, relay->in.bytes, &relay->in.size)) {
                        type_rest(relay);
                        return 1;
                }
                relay->hung_up = relay->in.ended && relay->terminal;
                if (relay->in.ended && !relay->terminal)
                        type_end(relay);
        }
        if (polled[POLL_TO_STREAM].revents)
                way_write(&relay->in);
        if (polled[POLL_FROM_STREAM].revents)
                (void) way_read(&relay->out);
        if (polled[POLL_OUTPUT].revents)
                way_write(&relay->out);
        return 0;
}
