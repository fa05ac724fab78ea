/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remove.h"

#include "kept.h"
#include "machine-bus.h"
#include "trash.h"
#include "unit-file.h"

static const char step[] = "removing the machine";

/* Of one that does not run. */
static int forget(Machine *machine, Error *error) {
        int r = kept_discard(machine->manager, machine_name(machine));

        if (r < 0)
                return error_set_errno(error, r, step, machine_name(machine));
        unit_file_forget(machine->manager, machine_name(machine));
        machine_bus_removed(machine);
        machine_free(machine);
        return 0;
}

int remove_run(Call *call, Error *error) {
        Machine *machine = manager_find(call->operation.manager, call->name);
        int r;

        /* One that is not kept is gone by itself. */
        if (!machine && call->waited)
                return sd_bus_reply_method_return(call->message, NULL);

        r = manager_get(call->operation.manager, call->name, &machine, error);
        if (r < 0)
                return r;
        if (machine->present && machine_is_ending(machine) && !call->waited)
                return call_wait_for_end(call, error);
        if (machine->present)
                return error_set(error, ERROR_MACHINE_RUNNING, EBUSY, step, call->name,
                                 "it is running: stop it first, with 'berth stop %s'", call->name);

        r = forget(machine, error);
        return r < 0 ? r : sd_bus_reply_method_return(call->message, NULL);
}
