/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The queue in front of the spawner (spawn.h): requests wait their turn, answers find who asked. */

#include <systemd/sd-event.h>

#include "spawn.h"

typedef struct Spawner Spawner;

/* PIDFD is the supervisor's, the handler's to keep, or the negative errno with which it could not be had. */
typedef void (*SpawnHandler)(void *userdata, int pidfd);

/* Takes the socket over, also on failure. LOST is called when the spawner is gone: no supervisor can be had any more. */
int spawner_new(sd_event *event, int socket, void (*lost)(void *userdata), void *userdata, Spawner **ret);

/* Handlers that were not called yet never will be. */
Spawner *spawner_free(Spawner *spawner);
DEFINE_CLEANUP(Spawner *, spawner_free);

/*
 * Asks for a supervisor. Descriptors in REQUEST stay the caller's and must stay open until HANDLER is called, which
 * never happens from within this function.
 */
int spawner_request(Spawner *spawner, const SpawnRequest *request, SpawnHandler handler, void *userdata);
