/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * Whether a signal to PID, PID 1 of its namespace, would come to anything. It gets none that it has no handler
 * for (pid_namespaces(7)), and a payload that is a plain program mostly has none: then nothing would come of
 * waiting. Where it can't be told, true. PID is the mounted /proc's number.
 */
bool process_listens(pid_t pid, int signal);

/* Whether MASK ("SigCgt", "ShdPnd", …) of STATUS, the text of a /proc/PID/status, has SIGNAL. */
bool status_has_signal(const char *status, const char *mask, int signal);
