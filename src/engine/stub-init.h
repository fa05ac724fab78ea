/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"

/*
 * Splits into PID 1 and PID 2 of the machine: 0 in the child, which goes on to the payload, its number in the
 * parent, which is to go on to stub_init_run(). Signals are blocked in the parent.
 */
pid_t stub_init_fork(Error *error);

/* Reaps, forwards signals to CHILD, and ends with its exit status, or 128 + n. */
_noreturn_ void stub_init_run(pid_t child);
