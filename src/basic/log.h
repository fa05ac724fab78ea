/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One line per event on standard error: with a "<N>" priority in front where standard error goes to the
 * journal (sd-daemon(3)), with the program's name elsewhere. Control characters are escaped, since names and
 * words of others are in it. Only the edges log: a library function fills an Error or returns an errno.
 */

#include <syslog.h>

#include "error.h"

/* Names the program and reads BERTH_LOG_LEVEL (emerg … debug, or 0 … 7; default info). Once, in main(). */
void log_setup(const char *program);

bool log_enabled(int priority);
void log_message(int priority, const char *format, ...) _printf_(2, 3);

#define log_error(...) log_message(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_message(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_message(LOG_DEBUG, __VA_ARGS__)

/* Logs what ERROR says, or where it is not set, what R says; with PREFIX in front if not NULL. Returns R. */
int log_failure(int r, const Error *error, const char *prefix);
