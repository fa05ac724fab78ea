/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The machine's terminals: its console, and the further ones that Terminals= asks for. */

#include "supervisor.h"

/* Takes them over from the birth: new ones, or for a machine that began again those that its clients look at already. */
int terminals_take(Supervisor *s, Error *error);
void terminals_free(Supervisor *s);

/* 0: the console. NULL where the machine has no such terminal. */
Console *terminals_get(const Supervisor *s, uint32_t number);

/* The payload is over: EVENT_CONSOLE_DONE once all that it wrote on any of them is delivered. */
void terminals_drain(Supervisor *s);
