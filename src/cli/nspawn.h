/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* berth-nspawn: the same program by another name, which takes systemd-nspawn(1)'s command line. */

#include <stdbool.h>

/* Whether that is how the program was called. */
bool nspawn_is_called(const char *program);

/* Reads the words behind the program's name and does what they say: an exit status. */
int nspawn_main(char **arguments);
