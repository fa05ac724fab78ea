/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation.h"

int operation_begin(Operation *operation, Manager *manager, OperationKind kind, void (*free_operation)(Operation *),
                    Error *error) {
        if (manager->n_operations >= OPERATIONS_MAX)
                return error_set(error, ERROR_LIMIT_REACHED, EBUSY, "taking the call", NULL, "%i others are in work; try again",
                                 OPERATIONS_MAX);

        *operation = (Operation){ .kind = kind, .manager = manager, .next = manager->operations, .free = free_operation };
        if (operation->next)
                operation->next->previous = operation;
        manager->operations = operation;
        manager->n_operations++;
        return 0;
}

void operation_end(Operation *operation) {
        Manager *manager = operation->manager;

        if (!manager)
                return;

        if (operation->previous)
                operation->previous->next = operation->next;
        else
                manager->operations = operation->next;
        if (operation->next)
                operation->next->previous = operation->previous;
        manager->n_operations--;
        *operation = (Operation){};

        manager_check_idle(manager);
}

int operation_charge(Operation *operation, uid_t uid, Error *error) {
        size_t n = 0, weight = 0;

        operation->uid = uid;
        if (uid == 0)
                return 0;
        for (const Operation *o = operation->manager->operations; o; o = o->next)
                if (o->uid == uid) {
                        n++;
                        weight += o->weight;
                }
        if (n <= USER_OPERATIONS_MAX && weight <= USER_WEIGHT_MAX)
                return 0;
        /* One that was refused must not count for the next. */
        operation->uid = 0;
        return error_set(error, ERROR_LIMIT_REACHED, EBUSY, "taking the call", NULL,
                         n > USER_OPERATIONS_MAX ? "too many of this user's are waiting"
                                                 : "those of this user's that wait are too large");
}

void operation_inherit(Operation *operation, const Operation *call) {
        operation->uid = call->uid;
        operation->weight = call->weight;
}
