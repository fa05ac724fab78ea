/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* RemoveMachine: forgets a kept machine. One that has ended, but whose supervisor is still on its way out, is waited for. */

#include "call.h"

/* run() of the table. */
int remove_run(Call *call, Error *error);
