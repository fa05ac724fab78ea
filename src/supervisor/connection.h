/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Peers: each is a D-Bus connection of its own, peer to peer. What a peer may call is decided by how it came:
 * the manager over the link, root over the control socket, and whoever was given a session.
 */

#include "supervisor.h"

typedef enum ConnectionKind {
        CONNECTION_LINK,    /* the manager that starts us: org.berth1.Supervisor with Start and ScopeReady */
        CONNECTION_CONTROL, /* accepted on the control socket: the rest of org.berth1.Supervisor */
        CONNECTION_SESSION, /* org.berth1.Session */
} ConnectionKind;

/* Serves FD, which it takes over, also on failure. */
int connection_add(Supervisor *s, int fd, ConnectionKind kind, Error *error);

/* Makes a session; *ret is the caller's end. */
int connection_open_session(Supervisor *s, int *ret, Error *error);

/* The same for an exec: it is what is waited for, and has to hear when the connection is gone. */
int connection_open_exec_session(Supervisor *s, struct Exec *exec, Connection **ret_connection, int *ret, Error *error);

/* The exec is over: answers who waits for it. EXEC may be freed by this. */
void connection_exec_done(Connection *c);

/* Listens on "control" in the run directory: 0600, below polkit. */
int connections_listen(Supervisor *s, Error *error);

/* Sends StateChanged to all that may see it. */
void connections_emit_state(Supervisor *s);

/* Answers Start(), if it was called and is not answered yet: with success, or with s->error. */
void connections_answer_start(Supervisor *s);

/* Tells those who wait that the machine does not end, for the sake of these processes. */
void connections_fail_waits(Supervisor *s, const char *processes);

/* Answers every Wait() that was called. Whether all sessions know now: one that has not asked yet may be about to. */
bool connections_answer_waits(Supervisor *s);

/* Waits a moment for slow readers, and closes all. */
void connections_end(Supervisor *s);
