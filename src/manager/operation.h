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

enum {
        CALL_WEIGHT_MAX = 8 * 1024 * 1024,      /* of one call (weight.h) */
        USER_WEIGHT_MAX = 2 * CALL_WEIGHT_MAX,  /* of all that one user other than root waits for */
        USER_OPERATIONS_MAX = 512,              /* of one user other than root */
};

struct Operation {
        OperationKind kind;
        Manager *manager;
        uid_t uid;               /* whose it is; root's where it is nobody's, or not known yet */
        size_t weight;           /* what it holds in memory, about */
        Operation *previous, *next;
        void (*free)(Operation *operation);
};

/*
 * Books OPERATION, whose weight is set, to a user. ERROR_LIMIT_REACHED where that would be too many, or too much, for a user other
 * than root.
 */
int operation_charge(Operation *operation, uid_t uid, Error *error);

/* Books OPERATION, which goes on with what CALL has begun, to the same user. */
void operation_inherit(Operation *operation, const Operation *call);

/* Registers it. ERROR_LIMIT_REACHED where there are too many; then it is not registered, and operation_end() does nothing. */
int operation_begin(Operation *operation, Manager *manager, OperationKind kind, void (*free)(Operation *), Error *error);

/* Takes it out again: the last but freeing. Fine for one that was never registered. */
void operation_end(Operation *operation);
