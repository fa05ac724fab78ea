/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Bytes between the caller's input and output and the terminal of a machine. Each way has one buffer and reads
 * on when it is empty, so a slow reader holds the writer up and nothing is lost or kept without end. Nothing
 * here waits: the caller polls.
 */

#include <poll.h>

#include "detach-keys.h"

enum { RELAY_CHUNK = 16 * 1024 };

/* One way: bytes that were read, and are to be written from START on. */
typedef struct RelayWay {
        int from, to;
        bool ended;              /* nothing comes any more, or nobody takes it */
        size_t start, size;
        char bytes[RELAY_CHUNK + DETACH_KEYS_MAX]; /* the keys that were held come in front */
} RelayWay;

typedef struct Relay {
        int stream;              /* the machine's side, owned */
        int output;              /* owned copy of standard output that does not block, or -EBADF */
        RelayWay in, out;        /* to the machine, from the machine */
        bool terminal;           /* the input is one: it has no end but that it is gone */
        bool hung_up;            /* which it is */
        DetachMatch own_keys;    /* those of the user */
        unsigned detach_keys;    /* how many ^] came one after the other … */
        uint64_t detach_since;   /* … since when */
        char last;               /* last byte that went to the machine */
} Relay;

enum { RELAY_POLL = 4 };

/* STREAM is taken over. INPUT, OUTPUT and KEYS, which may be NULL, stay the caller's. */
void relay_init(Relay *relay, int stream, int input, int output, const DetachKeys *keys);
void relay_done(Relay *relay);
#define _cleanup_relay_ _cleanup_(relay_done)

/* Fills in what to poll for. */
void relay_prepare(const Relay *relay, struct pollfd ret[static RELAY_POLL]);

/* Moves what can be moved. 1 where the user asked to detach (^] three times within a second, or by keys), else 0. */
int relay_process(Relay *relay, const struct pollfd polled[static RELAY_POLL]);

/* Whether all that the machine wrote has been passed on. */
static inline bool relay_is_drained(const Relay *relay) {
        return relay->out.ended && relay->out.start == relay->out.size;
}
