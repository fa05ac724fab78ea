/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Execs: processes that join the machine while it runs. Each has a session of its own, which it is waited for by,
 * unless nobody wants to know. One that has a terminal and whose client is gone without having said that it leaves
 * loses its terminal, which the kernel tells it by SIGHUP; others go on.
 */

#include "supervisor.h"

typedef struct Exec Exec;

typedef struct ExecRequest {
        Spec *spec;              /* what of it a user set: command, environment, user, working directory, capabilities */
        bool terminal;
        struct winsize terminal_size;
        bool privileged;         /* with all capabilities that berth has */
        bool copy_in, copy_out;  /* no command, but a place that a stream is extracted to or made from (join.h) */
        bool keep_owner;
        bool detach;             /* nobody will wait for it: no session */
        int report;              /* borrowed: what was refused to it is told there, or -EBADF */
        void (*done)(void *userdata, const State *result); /* for one of our own: called when it is over, or NULL */
        void *userdata;
        int stdio[3];            /* borrowed, -EBADF where not given */
} ExecRequest;

void exec_request_done(ExecRequest *request);
#define _cleanup_exec_request_ _cleanup_(exec_request_done)

/*
 * Starts one; CALL is answered once the command was executed, with its session or with why not. Without a call it is one of
 * our own, and RET borrowed until it is done.
 */
int exec_begin(Supervisor *s, const ExecRequest *request, sd_bus_message *call, Exec **ret, Error *error);

/* One of our own is to end, and nobody cares how. */
void exec_forget(Exec *exec);

/* What its session is for. */
void exec_signal(Exec *exec, int signal);
Console *exec_console(Exec *exec);
/* Whether it is over and all that it wrote was delivered: then RET is how it ended. */
bool exec_is_done(const Exec *exec, State *ret);
/* The client says that it leaves: the command keeps its terminal. */
void exec_leave(Exec *exec);
/* The connection is gone, or has been told all. */
void exec_connection_lost(Exec *exec);

/* At the end of the supervisor. */
void execs_end(Supervisor *s);
