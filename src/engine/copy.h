/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tar.h"

/*
 * Run by a process that joined the machine, so that each name means what it means there and each id is the machine's: extracts
 * the stream on standard input at PATH, or writes what PATH is to standard output. SOCKET is closed (-EBADF in it) once it is
 * clear that there is something to do; it returns only before that. What fails later is told on standard error and by the exit
 * status.
 */
int copy_run(bool in, const char *path, TarFlags flags, int *socket, Error *error);
