/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"
#include "title.h"

/*
 * Serves spawn requests on SOCKET until it is closed. Returns in each forked supervisor with its exit status;
 * in the spawner itself when the manager is gone.
 */
int spawner_run(int socket, const Title *title, Error *error);
