/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Something that was asked for and takes time. An operation is the first member of a struct of its own; being
 * registered keeps the manager from leaving, bounds what callers can pile up, and lets the manager clean up at its end.
 */

#include "manager.h"

typedef enum OperationKind {
        OPERATION_CALL,          /* waits for authorization, or for the end of its machine */
        OPERATION_FORWARD,       /* waits for a supervisor's answer */
        OPERATION_START,
        OPERATION_PLAN,
        OPERATION_SET_PROPERTY,  /* waits for systemd and the supervisor */
        OPERATION_UNREGISTER,    /* waits for machined */
        OPERATION_CLONE,         /* waits for a process that makes a tree */
        OPERATION_IMAGE,         /* waits for a process that works on an image */
        OPERATION_NETWORK,       /* waits for a process that works on the networks */
} OperationKind;

struct Operation {
        OperationKind kind;
        Manager *manager;
        Operation *previous, *next;
        void (*free)(Operation *operation);
};

/* Registers it. ERROR_LIMIT_REACHED where there are too many; then it is not registered, and operation_end() does nothing. */
int operation_begin(Operation *operation, Manager *manager, OperationKind kind, void (*free)(Operation *), Error *error);

/* Takes it out again: the last but freeing. Fine for one that was never registered. */
void operation_end(Operation *operation);
