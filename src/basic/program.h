/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"

/*
 * The program file PATH as a detached, read-only mount of its own, for program_execute(): /proc/PID/exe of
 * whatever runs it leads to that mount, so that nobody can write to the file through it, whoever owns it
 * (CVE-2019-5736). The descriptor, the caller's, or a negative errno. Needs CAP_SYS_ADMIN.
 */
int program_open(const char *path, Error *error);

/* Executes it with our own environment. Returns only on failure. */
int program_execute(int program, char *const *argv);
