/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Calls that a machine's supervisor answers: passed on, and its reply or error passed back. */

#include "call.h"
#include "link.h"

/* Sends REQUEST, made by link_new_call(), and answers CALL with what comes. RESULT is "", or "h" for one descriptor. */
int forward(Call *call, Link *link, sd_bus_message *request, const char *result, Error *error);
