/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The size of the caller's terminal, which goes with the call that makes a terminal in a machine: what is executed there
 * finds it at its first look. On the bus it is "TerminalSize" (uu), rows and columns, in a dictionary of options.
 */

#include <sys/ioctl.h>
#include <systemd/sd-bus.h>

#include "error.h"

#define TERMINAL_SIZE_KEY "TerminalSize"

/* Adds an entry to the a{sv} that is open in M, unless the size is not known (zeros). */
int terminal_size_append_bus(sd_bus_message *m, const struct winsize *size);

/* Reads the value of such an entry. Zeros stand for a size that is not known. */
int terminal_size_read_bus(sd_bus_message *m, struct winsize *ret, Error *error);
