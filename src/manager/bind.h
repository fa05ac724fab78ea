/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call.h"

/* BindMachine(), Bind(): a path of the host takes the right that a start with it takes; a volume does not. */
int bind_read(Call *call, Error *error);
int bind_run(Call *call, Error *error);
