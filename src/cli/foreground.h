/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A machine in the foreground: signals go to it, its terminal is shown, and the caller waits for its end. */

#include <signal.h>

#include "detach-keys.h"
#include "session.h"

/*
 * Blocks the signals that a foreground machine gets, so that none that comes during its start is lost. A
 * signalfd that gives them, or a negative errno.
 */
int foreground_block_signals(void);

/*
 * Takes a session that is not watched yet, and stays until the machine has ended or the user detaches. With TERMINAL,
 * which has the user's keys for that, its terminal is shown on the caller's standard input and output. The exit status of
 * the caller, or a negative errno with ERROR filled.
 */
int foreground_run(Session *session, int signals, const DetachKeys *terminal, Error *error);
