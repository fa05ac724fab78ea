/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * Whether a protection is to be left out. Never: but the escape tests link a supervisor of their own with another
 * function of this name (tests/system/weaken.c, the build option weaken), to see that each attack works where the one
 * protection against it is missing. A test of an attack that could not work anyway would prove nothing.
 */
bool weakened(const char *protection);
