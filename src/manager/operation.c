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
