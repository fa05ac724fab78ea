/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Entries for systemd-journald, over its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL) and without libsystemd, whose
 * calls wait where the journal is behind.
 */

#include "macro.h"

typedef struct JournalField {
        const char *name;        /* "MESSAGE" */
        const char *data;        /* any bytes */
        size_t size;
} JournalField;

enum { JOURNAL_FIELDS_MAX = 16 };

/* A socket that does not block; it stays connected over restarts of journald, whose socket is systemd's. A negative errno. */
int journal_connect(void);

/*
 * One entry, and a datagram of its own: by the protocol it could hold several, but journald of systemd 257 takes the first and
 * drops the others. -EAGAIN: journald is behind, poll for POLLOUT. Any other error: it can't be reached, or by a new socket only.
 */
int journal_send(int socket, const JournalField *fields, size_t n);
