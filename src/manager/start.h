/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The start of a machine: from an authorized request to the reply that it runs, or to an error with nothing
 * left behind. Its steps stand in order in start.c. It goes on when the caller is gone.
 */

#include "machine.h"
#include "run-request.h"

/* Answers CALL, whose data is a RunRequest, now or later. Takes the spec out of that. An error is the caller's to reply with. */
int start_begin(Call *call, Error *error);

/* What happens to others meanwhile. */
void start_on_supervisor_gone(Start *start);
void start_on_link_lost(Start *start);

/* NAME is free now: this start may have waited for it. */
void start_on_name_free(Start *start, const char *name);

/* It failed, and clears away what it made. */
bool start_is_undoing(const Start *start);
