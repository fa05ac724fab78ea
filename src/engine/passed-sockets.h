/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sockets that the service manager opened for the payload (sd_listen_fds(3)): descriptors from 3 on, and the variables that
 * tell of them. They come from the unit that the machine runs in, and keep their numbers all the way.
 */

#include "error.h"

typedef struct PassedSockets {
        unsigned n;
        const char *names;       /* "NAME:NAME", or NULL */
} PassedSockets;

/* The first descriptor behind them. */
int passed_sockets_end(const PassedSockets *sockets);

/* In the process that is to execute the payload, by its own PID: they stay open over the exec, and ENVIRONMENT tells of them. */
int passed_sockets_keep(const PassedSockets *sockets, char ***environment, Error *error);
