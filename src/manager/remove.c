/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remove.h"

#include "kept.h"
#include "machine-bus.h"
#include "trash.h"

/* A supervisor says that its machine has ended just before it ends itself. */
#define ENDING_USEC (10 * USEC_PER_SEC)

static const char step[] = "removing the machine";

typedef struct Remove {
        Operation operation;
        sd_bus_message *message; /* to be answered */
        char *name;
        sd_event_source *timer;
} Remove;

static void remove_free(Operation *operation) {
        Remove *w = (Remove *) operation;

        operation_end(&w->operation);
        sd_event_source_disable_unref(w->timer);
        sd_bus_message_unref(w->message);
        free(w->name);
        free(w);
}

/* Of one that does not run. */
static int forget(Machine *machine, Error *error) {
        int r = kept_discard(machine->manager, machine_name(machine));

        if (r < 0)
                return error_set_errno(error, r, step, machine_name(machine));
        machine_bus_removed(machine);
        machine_free(machine);
        return 0;
}

static int still_running(const char *name, Error *error) {
        return error_set(error, ERROR_MACHINE_RUNNING, EBUSY, step, name, "it is running: stop it first, with 'berth stop %s'",
                         name);
}

static void answer(Remove *w, int r, const Error *error) {
        if (r < 0)
                reply_error(w->message, r, error);
        else
                (void) sd_bus_reply_method_return(w->message, NULL);
        remove_free(&w->operation);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_error_ Error error = ERROR_NULL;
        Remove *w = userdata;

        answer(w, still_running(w->name, &error), &error);
        return 0;
}

void remove_on_name_free(Operation *operation, const char *name) {
        _cleanup_error_ Error error = ERROR_NULL;
        Remove *w = (Remove *) operation;
        Machine *machine;
        int r;

        machine = manager_find(operation->manager, name);
        if (!streq(w->name, name) || (machine && machine->present && machine_is_ending(machine)))
                return;

        /* One that is not kept is gone by itself. */
        r = !machine ? 0 : machine->present ? still_running(name, &error) : forget(machine, &error);
        answer(w, r, &error);
}

static int wait_for_end(Call *call, Error *error) {
        Remove *w = calloc(1, sizeof(Remove));
        int r;

        if (!w)
                return error_oom(error);
        w->message = sd_bus_message_ref(call->message);
        w->name = strdup(call->name);

        r = w->name ? operation_begin(&w->operation, call->operation.manager, OPERATION_REMOVE, remove_free, error)
                    : error_oom(error);
        if (r >= 0) {
                r = sd_event_add_time_relative(call->operation.manager->event, &w->timer, CLOCK_MONOTONIC, ENDING_USEC, 0,
                                               on_timer, w);
                if (r < 0)
                        error_set_errno(error, r, step, call->name);
        }
        if (r < 0)
                remove_free(&w->operation);
        return r;
}

int remove_run(Call *call, Error *error) {
        Machine *machine;
        int r;

        r = manager_get(call->operation.manager, call->name, &machine, error);
        if (r < 0)
                return r;
        if (machine->present)
                return machine_is_ending(machine) ? wait_for_end(call, error) : still_running(call->name, error);

        r = forget(machine, error);
        return r < 0 ? r : sd_bus_reply_method_return(call->message, NULL);
}
