/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Entries for systemd-journald, over its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL) and without libsystemd, whose
 * calls wait where the journal is behind.
 */

#include "macro.h"

typedef struct JournalField {
        const char *name;        /* "PRIORITY" */
        const char *data;        /* any bytes */
        size_t size;
} JournalField;

/* The MESSAGE of an entry: any bytes. */
typedef struct JournalMessage {
        const char *text;
        size_t size;
} JournalMessage;

/* Of one datagram, which may hold several by journald's protocol; but that of systemd 257 takes the first and drops the others. */
enum { JOURNAL_MESSAGES_MAX = 1 };

/* A socket that does not block; it stays connected over restarts of journald, whose socket is systemd's. A negative errno. */
int journal_connect(void);

/*
 * An entry for each message, with the same fields: all of them or none. -EAGAIN: journald is behind, poll for POLLOUT. Any other
 * error: it can't be reached, or by a new socket only.
 */
int journal_send(int socket, const JournalField *fields, size_t n_fields, const JournalMessage *messages, size_t n_messages);
