/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The call that makes a command join a machine. */

#include "spec.h"

typedef enum ExecFlags {
        EXEC_TERMINAL = 1 << 0,
        EXEC_PRIVILEGED = 1 << 1,
        EXEC_DETACH = 1 << 2,    /* no session, and no streams of ours */
        EXEC_COPY_IN = 1 << 3,   /* the command is a place to extract standard input to (tar.h) */
        EXEC_COPY_OUT = 1 << 4,  /* or what to write to standard output */
        EXEC_KEEP_OWNER = 1 << 5,
        EXEC_EXPLAIN = 1 << 6,   /* with a fourth stream: what was refused is written there */
} ExecFlags;

/*
 * Executes COMMAND, or where that is empty the shell of the user, with what SPEC has assigned; STDIO are its streams without
 * a terminal and with somebody who stays. *ret is the descriptor of its session, the caller's. Root asks the machine's
 * supervisor itself, which is the shortest way; everybody else berthd, which asks polkit.
 */
int exec_call(const char *name, char *const *command, const Spec *spec, ExecFlags flags, const int *stdio, int *ret,
              Error *error);
