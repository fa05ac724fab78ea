/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A session: the client's own line to a machine's supervisor, D-Bus peer to peer over the descriptor that
 * RunMachine and OpenSession return. It outlives the client's connection to the bus and the manager.
 */

#include <poll.h>
#include <sys/ioctl.h>
#include <systemd/sd-bus.h>

#include "state.h"
#include "timeline.h"

typedef struct Session {
        char *machine;
        bool is_command;         /* of a command that joined the machine, not of the machine itself */
        int end_signal;          /* what is sent for a SIGTERM or SIGINT to us; 0: the same signal */
        sd_bus *bus;
        sd_bus_slot *wait;       /* of the call that is answered when the machine ends */
        bool ended;
        bool lost;               /* the line broke without an answer */
        bool refused;            /* it has not ended, and the supervisor says why it does not */
        MachineResult result;
        int status;              /* exit status or signal */
        char *reason;            /* for people, may be NULL */
} Session;

#define SESSION_NULL (Session){}
void session_done(Session *session);
#define _cleanup_session_ _cleanup_(session_done)

/* Opens it over FD, which is taken over, also on failure. */
int session_open(int fd, const char *machine, Session *ret, Error *error);

/*
 * Asks to be told how the machine ends. A machine that has ended stays until its sessions were told, so this
 * comes last: after session_attach(), or there may be nobody left to attach to. SESSION has to stay where it is.
 */
int session_watch(Session *session, Error *error);

/* The terminal that the next two are of, as Terminals= counts them; until then it is the console, 0. */
int session_select_terminal(Session *session, uint32_t number, Error *error);

/* The descriptor of the machine's terminal, the caller's. */
int session_attach(Session *session, const struct winsize *size, int *ret, Error *error);

/* Says that the client goes, and that what has a terminal keeps it. As the next two. */
int session_leave(Session *session);

/* Tells the new size of the terminal, and sends a signal to the leader: without waiting for an answer. 0 or a negative errno. */
int session_resize(Session *session, const struct winsize *size);
int session_kill(Session *session, int signal);

/* Adds what the manager and the supervisor noted of the start to TIMELINE. */
int session_timeline(Session *session, Timeline *timeline, Error *error);

/* What to poll for, and by when (CLOCK_MONOTONIC in microseconds, or USEC_INFINITY) session_process() has to be called. */
int session_prepare(Session *session, struct pollfd *ret, uint64_t *ret_until);

/* Takes in what has come. 0 or a negative errno; session->ended says whether the machine is gone. */
int session_process(Session *session);

/* Waits until the machine has ended (1) or until UNTIL (0; as session_prepare() has it). A negative errno with ERROR filled. */
int session_wait(Session *session, uint64_t until, Error *error);

/* The exit status that says how the machine ended; prints what the number alone does not say. */
int session_exit_status(const Session *session);

/* The same from what the manager remembers of a machine. */
int machine_exit_status(const char *machine, MachineResult result, int status, const char *reason);
