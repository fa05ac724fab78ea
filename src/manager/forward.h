/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Calls that a machine's supervisor answers: passed on, and its reply or error passed back. */

#include "call.h"
#include "link.h"

/* The machine that CALL names: its link, and an empty call of its supervisor. The message is the caller's. */
int forward_begin(Call *call, const char *member, Link **ret_link, sd_bus_message **ret, Error *error);

/* Sends REQUEST, made by forward_begin(), and answers CALL with what comes. RESULT is "", or "h" for one descriptor. */
int forward(Call *call, Link *link, sd_bus_message *request, const char *result, Error *error);
