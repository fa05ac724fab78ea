/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What goes over the spawner's socket: one message per request and per reply. Both ends are of one installation. */

#include "spawn.h"

/* What the manager sets in the environment of the spawner, and that is not to be inherited by anybody. */
#define SPAWNER_TUNABLES "GLIBC_TUNABLES"

enum { _SPAWN_FD_PLAIN = 11, _SPAWN_FD_MAX = _SPAWN_FD_PLAIN + _NAMESPACE_KIND_MAX };

typedef struct SpawnMessage {
        uint32_t flags;          /* SpawnFlags */
        struct winsize terminal_size;
        uint32_t present;        /* bit per slot whose descriptor is attached, in the order of the slots */
} SpawnMessage;

typedef struct SpawnReply {
        int32_t result;          /* 0 with the supervisor's pidfd attached, or a negative errno */
} SpawnReply;

/* The descriptors of a request in the order that they are sent in. */
static inline void spawn_request_slots(SpawnRequest *request, int *slots[static _SPAWN_FD_MAX]) {
        int *const order[_SPAWN_FD_PLAIN] = {
                &request->run_dir, &request->tree,    &request->name_lock, &request->range_lock, &request->link,
                &request->session, &request->stdin_fd, &request->stdout_fd, &request->stderr_fd, &request->address_lock,
                &request->devices,
        };

        memcpy(slots, order, sizeof(order));
        for (size_t i = 0; i < _NAMESPACE_KIND_MAX; i++)
                slots[_SPAWN_FD_PLAIN + i] = &request->namespaces.fds[i];
}
