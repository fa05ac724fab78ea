/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unregister.h"

#include "machined.h"
#include "operation.h"

typedef struct Unregister {
        Operation operation;
        char *name;
        sd_bus_slot *slot;
} Unregister;

static void unregister_free(Operation *operation) {
        Unregister *u = (Unregister *) operation;

        operation_end(&u->operation);
        sd_bus_slot_unref(u->slot);
        free(u->name);
        free(u);
}

/* An error is as good: there is no machined, or it did not know the machine. */
static int on_unregistered(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Unregister *u = userdata;
        Manager *manager = u->operation.manager;
        _cleanup_free_ char *name = TAKE_PTR(u->name);

        unregister_free(&u->operation);
        manager_name_is_free(manager, name);
        return 0;
}

/* Of those that a machined which hangs could leave unanswered: dbus-daemon allows us 128 altogether. */
enum { UNREGISTER_MAX = 32 };

static size_t count_pending(const Manager *manager) {
        size_t n = 0;

        for (const Operation *o = manager->operations; o; o = o->next)
                n += o->kind == OPERATION_UNREGISTER;
        return n;
}

void unregister_begin(Manager *manager, const char *name) {
        Unregister *u;

        if (!manager->bus || unregister_is_pending(manager, name) || count_pending(manager) >= UNREGISTER_MAX)
                return;
        u = calloc(1, sizeof(Unregister));
        if (!u)
                return;

        u->name = strdup(name);
        if (!u->name || operation_begin(&u->operation, manager, OPERATION_UNREGISTER, unregister_free, NULL) < 0 ||
            machined_unregister(manager->bus, name, on_unregistered, u, &u->slot) < 0)
                unregister_free(&u->operation);
}

bool unregister_is_pending(const Manager *manager, const char *name) {
        for (const Operation *o = manager->operations; o; o = o->next)
                if (o->kind == OPERATION_UNREGISTER && streq_ptr(((const Unregister *) o)->name, name))
                        return true;
        return false;
}
