/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* RemoveMachine: forgets a kept machine. One that has ended, but whose supervisor is still on its way out, is waited for. */

#include "call.h"

/* run() of the table. */
int remove_run(Call *call, Error *error);

/* NAME is free now: the removal may have waited for it. It may be freed here. */
void remove_on_name_free(Operation *operation, const char *name);
