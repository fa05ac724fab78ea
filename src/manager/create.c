/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "create.h"

#include <unistd.h>

#include "clone-tree.h"
#include "fd-util.h"
#include "kept.h"
#include "machine-bus.h"
#include "name.h"
#include "registry.h"
#include "run-request.h"
#include "setting.h"
#include "spec-bus.h"
#include "string-util.h"
#include "strv.h"
#include "unit-file.h"

enum { NAME_TRIES = 16 };

static int name_is_taken(Manager *manager, const char *name, Error *error) {
        Machine *machine;

        registry_sync(manager, name);
        machine = manager_find(manager, name);
        if (!machine)
                return 0;
        return error_set(error, ERROR_MACHINE_EXISTS, EEXIST, "taking the machine name", name, "a machine of this name %s",
                         machine->present ? "is running" : "is there already");
}

/* The tree's own name, or with random digits behind it. */
static int pick_name(Manager *manager, Spec *spec, Error *error) {
        _cleanup_free_ char *stem = name_from_tree(spec->root);

        for (int i = 0; stem && i < NAME_TRIES; i++) {
                free(spec->name);
                spec->name = i == 0 ? strdup(stem) : name_with_suffix(stem);
                if (!spec->name)
                        return error_oom(error);
                if (name_is_taken(manager, spec->name, NULL) == 0)
                        return 0;
        }
        return stem ? error_set(error, ERROR_NO_RANGE, EBUSY, "choosing a machine name", stem, "no free name was found")
                    : error_oom(error);
}

/* All else is looked at when it is started: it may change until then. */
static int check_path(const char *path, Error *error) {
        if (access(path, F_OK) >= 0)
                return 0;
        return error_set(error, ERROR_NO_SUCH_TREE, errno, "finding the tree", path, NULL);
}

/* In the table and on the bus, as it will be found there by the next manager. */
static int add_machine(Manager *manager, const char *name, Machine **ret, Error *error) {
        int r = registry_load_kept(manager, name);

        if (r < 0)
                return error_set_errno(error, r, "making the machine", name);
        *ret = manager_find(manager, name);
        machine_bus_created(*ret);
        return 0;
}

static int check_name(Manager *manager, Spec *spec, Error *error) {
        int r;

        if (isempty(spec->name))
                return pick_name(manager, spec, error);
        r = spec_check_name(spec->name, error);
        return r < 0 ? r : name_is_taken(manager, spec->name, error);
}

/* A template becomes a tree at the first start. */
int create_run(Call *call, Error *error) {
        Manager *manager = call->operation.manager;
        RunRequest *request = call->data;
        /* What files say is read at each start. */
        Spec *spec = request->given ? request->given : request->spec;
        Machine *machine;
        int r;

        if (spec->remove)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "making the machine", spec->name,
                                 "one that is not run has nothing to be removed after");
        r = check_name(manager, spec, error);
        if (r >= 0)
                r = template_is_wanted(request->spec, error);
        if (r >= 0)
                r = check_path(r > 0 ? request->spec->template_tree : request->spec->root, error);
        if (r < 0)
                return r;

        r = kept_write_spec(manager->kept_dir, spec->name, spec);
        if (r < 0)
                return error_set_errno(error, r, "keeping the settings", spec->name);
        r = add_machine(manager, spec->name, &machine, error);
        if (r < 0)
                return r;
        unit_file_update(manager, machine_name(machine));
        return sd_bus_reply_method_return(call->message, "so", machine_name(machine), machine->path);
}

/* A machine that is kept and does not run. */
static int get_stopped(Call *call, const char *step, Machine **ret, Error *error) {
        int r = manager_get(call->operation.manager, call->name, ret, error);

        if (r < 0)
                return r;
        if ((*ret)->present || (*ret)->start)
                return error_set(error, ERROR_MACHINE_RUNNING, EBUSY, step, call->name,
                                 "it is running: stop it first, with 'berth stop %s'", call->name);
        return 0;
}

int rename_run(Call *call, Error *error) {
        static const char step[] = "renaming the machine";
        Manager *manager = call->operation.manager;
        const char *name;
        Machine *machine;
        int r;

        /* call->name may be of a path, or have been read from the message already. */
        r = sd_bus_message_rewind(call->message, true);
        if (r >= 0)
                r = streq(call->method->interface, MACHINE_INTERFACE) ? sd_bus_message_read(call->message, "s", &name)
                                                                      : sd_bus_message_read(call->message, "ss", NULL, &name);
        if (r < 0)
                return error_set_errno(error, r, "reading the call", NULL);

        r = spec_check_name(name, error);
        machine = manager_find(manager, call->name);
        if (r >= 0 && machine && machine->present && machine_is_ending(machine) && !call->waited)
                return call_wait_for_end(call, error);
        if (r >= 0)
                r = get_stopped(call, step, &machine, error);
        if (r >= 0)
                r = name_is_taken(manager, name, error);
        if (r < 0)
                return r;

        r = kept_rename(manager->kept_dir, machine_name(machine), name);
        if (r < 0)
                return error_set_errno(error, r, step, machine_name(machine));
        unit_file_rename(manager, machine_name(machine), name);
        machine_bus_removed(machine);
        machine_free(machine);
        r = add_machine(manager, name, &machine, error);
        if (r < 0)
                return r;
        return sd_bus_reply_method_return(call->message, NULL);
}

/* Settings, secrets and all: for who manages machines. */

int settings_get_run(Call *call, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const Spec *spec;
        Machine *machine;
        int r;

        r = manager_get(call->operation.manager, call->name, &machine, error);
        if (r < 0)
                return r;
        spec = machine_spec(machine, error);
        if (!spec)
                return -ENODATA;

        r = sd_bus_message_new_method_return(call->message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = spec_append_bus(spec, reply);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        return r < 0 ? error_set_errno(error, r, "telling the settings", call->name) : 0;
}

static void free_spec(void *data) {
        spec_free(data);
}

int settings_set_read(Call *call, Error *error) {
        Spec *spec = spec_new();
        int r;

        call->data = spec;
        call->free_data = free_spec;
        if (!spec)
                return error_oom(error);
        r = call_read_name(call, error);
        if (r >= 0)
                r = spec_read_bus(spec, call->message, NULL, NULL, error);
        if (r < 0)
                return r;
        if (spec_first_host_setting(spec))
                call->action = ACTION_RUN_PRIVILEGED;
        call->command = strv_join(spec->parameters, " ");
        return call->command ? 0 : error_oom(error);
}

int settings_set_run(Call *call, Error *error) {
        static const char step[] = "changing the settings";
        _cleanup_spec_ Spec *kept = NULL;
        Manager *manager = call->operation.manager;
        Spec *spec = call->data;
        Machine *machine;
        int r;

        r = get_stopped(call, step, &machine, error);
        if (r >= 0)
                r = kept_read_spec(manager->kept_dir, call->name, &kept, error);
        if (r < 0)
                return r;

        spec->terminal = kept->terminal;
        spec->settings_mode = kept->settings_mode;
        if (str_replace(&spec->name, kept->name) < 0 || str_replace(&spec->root, kept->root) < 0)
                return error_oom(error);
        r = kept_write_spec(manager->kept_dir, call->name, spec);
        if (r < 0)
                return error_set_errno(error, r, step, call->name);
        unit_file_update(manager, call->name);
        machine_drop_spec(machine);
        machine_bus_changed(machine, (const char *const[]){ "Settings", NULL });
        return sd_bus_reply_method_return(call->message, NULL);
}

int restart_run(Call *call, Error *error) {
        Machine *machine;
        Link *link;
        int r = manager_get(call->operation.manager, call->name, &machine, error);

        if (r < 0)
                return r;
        if (machine->present && machine->state.keep_unit)
                return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, "restarting the machine", call->name,
                                 "it runs in a unit that is not berth's own: systemctl restart %s",
                                 strempty(machine->state.unit));
        if (machine->present && !machine_is_ending(machine)) {
                r = machine_get_link(machine, &link, error);
                if (r >= 0)
                        r = link_tell(link, "Stop");
                if (r < 0)
                        return error_set_errno(error, r, "stopping the machine", call->name);
                machine->stopped = true;
        }
        return run_request_run(call, error);
}
