/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "supervisor.h"

/* Decides where what the machine writes is recorded, as its settings and what its caller gave say, and begins to. */
int streams_begin(Supervisor *s, Error *error);

/*
 * The streams of a command of the machine, the caller's, of which GIVEN are its own caller's (-EBADF: none): no input means
 * nothing to read, no output the machine's log. COPIES: what goes to GIVEN is recorded, too.
 */
int streams_open(Supervisor *s, const int given[static 3], bool copies, int ret[static 3], Error *error);
