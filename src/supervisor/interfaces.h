/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The bus glue of a supervisor: which methods there are, and what they call. */

#include "connection.h"

#define SUPERVISOR_PATH "/org/berth1/supervisor"
#define SUPERVISOR_INTERFACE "org.berth1.Supervisor"
#define SESSION_PATH "/org/berth1/session"
#define SESSION_INTERFACE "org.berth1.Session"

/* Adds what a connection of this kind may call. USERDATA of the methods is the connection. */
int interfaces_add(sd_bus *bus, Connection *connection, ConnectionKind kind);

/* ERROR as a D-Bus error, with its kind's name and its one line. */
int reply_error(sd_bus_message *call, const Error *error);

/* (s result, i status, s reason) of a machine that has ended. */
int reply_result(sd_bus_message *call, const State *state);

/* What the methods need of a connection (connection.c). */
Supervisor *connection_supervisor(Connection *c);
bool connection_is_link(const Connection *c);
/* The exec that a session is of, NULL: it is the machine's. */
struct Exec *connection_exec(Connection *c);
/* The terminal of the machine, as Terminals= counts them, that a session is of. */
uint32_t connection_terminal(const Connection *c);
void connection_set_terminal(Connection *c, uint32_t number);
/* Answers Wait() at the end of the machine, or now if that was already. -EBUSY: an earlier one is not answered yet. */
int connection_wait(Connection *c, sd_bus_message *call);
