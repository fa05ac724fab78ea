/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"

/* Raises "lo" of the network namespace that we are in; the kernel gives it 127.0.0.1 and ::1 itself. */
int loopback_raise(Error *error);
