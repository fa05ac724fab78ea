/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Work that berthd has no privilege or no time for: a process of the spawner does it, and says on its standard error why it
 * failed, or nothing.
 */

#include "manager.h"
#include "operation.h"
#include "spawn.h"

typedef void (*TaskDone)(void *userdata, int r, const Error *error);

/* What is to be done. Descriptors in REQUEST are taken over, also on failure; its standard error is the task's own. */
typedef struct Task {
        OperationKind kind;
        const char *step;        /* "working on the networks": a literal */
        SpawnRequest request;
} Task;

/* DONE (may be NULL: then a failure is logged) is called with its end, and not before this returns. */
int task_begin(Manager *manager, const Task *task, TaskDone done, void *userdata, Error *error);
