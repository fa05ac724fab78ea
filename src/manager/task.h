/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Work that berthd has no privilege or no time for: a process of the spawner does it, and says on its standard error how it went
 * (spawn_print_result()).
 */

#include "manager.h"
#include "operation.h"
#include "spawn.h"

/* How it ended: with the number that it told, or R below 0 and why. */
typedef void (*TaskDone)(void *userdata, int r, uint64_t number, const Error *error);

/* What is to be done. Descriptors in REQUEST are taken over, also on failure; its standard error is the task's own. */
typedef struct Task {
        const Operation *call;   /* whose user it is booked to; NULL: nobody's */
        OperationKind kind;
        const char *step;        /* "working on the networks": a literal */
        SpawnRequest request;
        const char *path;        /* what is worked on, which nobody else is to use meanwhile; or NULL */
} Task;

/* DONE (may be NULL: then a failure is logged) is called with its end, and not before this returns. */
int task_begin(Manager *manager, const Task *task, TaskDone done, void *userdata, Error *error);

/* Whether one is at work on PATH. */
bool task_is_on(const Manager *manager, const char *path);
