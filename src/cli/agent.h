/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who asks for a password where no desktop does: pkttyagent(1), on the terminal, as systemctl(1) starts it. It ends with us.
 */

#include "macro.h"

/* 1: one was started, and polkit knows of it. 0: it would be of no use (root, no terminal). */
int agent_open(void);
