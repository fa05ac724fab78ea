/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What supervisor and leader say to each other over their SOCK_SEQPACKET pair, each message at its point:
 *
 *   supervisor                         leader (cloned, waiting)
 *     LEADER_ENTER   ──────────────▶   takes its copy of the mounts, makes the tree its root
 *                    ◀──────────────   LEADER_INSIDE
 *     LEADER_EXEC + stdio  ────────▶   it is in its cgroup: enters the cgroup namespace, drops privileges, execs
 *                    ◀──────────────   end of file: the exec closed the socket, the payload runs
 *                    ◀──────────────   LEADER_FAILED at any point: the error that the user will read
 *
 * A process that joins a running machine (join.h) speaks it, too: LEADER_TERMINAL with the master of the terminal that
 * it made, where it was to, then it waits for LEADER_EXEC, and ends as the leader does.
 */

#include "error.h"

typedef enum LeaderMessage {
        LEADER_ENTER,
        LEADER_INSIDE,
        LEADER_EXEC,
        LEADER_TERMINAL,
        LEADER_FAILED,
        _LEADER_MESSAGE_MAX,
} LeaderMessage;

/* Sends a message that is nothing but its type, with N descriptors. */
int leader_send(int socket, LeaderMessage type, const int *fds, size_t n);

/* Sends LEADER_FAILED with the content of ERROR. */
void leader_send_failed(int socket, const Error *error);

/*
 * Waits for a message and checks that it is TYPE. A LEADER_FAILED fills ERROR with what the other side said;
 * another type or the end of the connection is ERROR_START_FAILED. FDS may be NULL where none are expected.
 */
int leader_expect(int socket, LeaderMessage type, int *fds, size_t n, Error *error);

/*
 * Reads the outcome of the exec once the socket is readable: 0 for the end of file, or a negative errno with
 * ERROR as the leader said.
 */
int leader_read_outcome(int socket, Error *error);

/* The same for one that joins: 1 where what came is its terminal, the caller's from then on, and the outcome is still to come. */
int leader_read_joining(int socket, int *ret_terminal, Error *error);
