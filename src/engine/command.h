/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"

/*
 * Executes ARGV with ENVIRONMENT, looked up in the environment's PATH where it has no slash. Returns only on
 * failure: ERROR_COMMAND_NOT_FOUND or ERROR_COMMAND_NOT_EXECUTABLE for what a caller can mend.
 */
int command_execute(char *const *argv, char *const *environment, Error *error);
