/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-bus.h"

#include "call.h"
#include "config.h"
#include "image-bus.h"
#include "machine-bus.h"
#include "network-bus.h"
#include "registry.h"
#include "setting.h"
#include "stats.h"
#include "volume.h"

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                       void *userdata, sd_bus_error *ret_error) {
        return sd_bus_message_append(reply, "s", BERTH_VERSION);
}

/* What everybody may ask: nothing here changes anything. */

static int method_list_machines(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Manager *manager = userdata;
        int r;

        registry_sync_all(manager);
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ssusto)");
        for (size_t i = 0; r >= 0 && i < manager->n_machines; i++) {
                const Machine *machine = manager->machines[i];

                r = sd_bus_message_append(reply, "(ssusto)", machine_name(machine), machine_state_to_string(machine->state.state),
                                          (uint32_t) machine->state.leader.pid, strempty(machine->state.root),
                                          machine->state.started_usec, machine->path);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* Of those that are checked. */
static int method_list_health(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Manager *manager = userdata;
        int r;

        registry_sync_all(manager);
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{ss}");
        for (size_t i = 0; r >= 0 && i < manager->n_machines; i++) {
                const char *health = health_state_to_string(manager->machines[i]->state.health);

                if (!isempty(health))
                        r = sd_bus_message_append(reply, "{ss}", machine_name(manager->machines[i]), health);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_get_machine(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_error_ Error error = ERROR_NULL;
        Machine *machine;
        const char *name;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;

        r = manager_get(userdata, name, &machine, &error);
        if (r >= 0)
                return sd_bus_reply_method_return(m, "o", machine->path);
        reply_error(m, r, &error);
        return 1;
}

static int method_get_machine_by_pid(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_error_ Error error = ERROR_NULL;
        Machine *machine;
        uint32_t pid;
        int r;

        r = sd_bus_message_read(m, "u", &pid);
        if (r < 0)
                return r;

        r = manager_find_by_pid(userdata, (pid_t) pid, &machine, &error);
        if (r >= 0)
                return sd_bus_reply_method_return(m, "o", machine->path);
        reply_error(m, r, &error);
        return 1;
}

static int method_get_settings(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sssss)");
        for (const Setting *s = settings; r >= 0 && s < settings + settings_count; s++)
                r = sd_bus_message_append(reply, "(sssss)", setting_section_name(s->section), s->name, s->type->name,
                                          strempty(s->initial), s->help);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* All may be called by anybody as far as the bus goes: for those of call_on_manager_method(), call-table.c says which right it takes. */
#define ANYBODY SD_BUS_VTABLE_UNPRIVILEGED

const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),

        SD_BUS_METHOD_WITH_ARGS("RunMachine", SD_BUS_ARGS("s", name, "s", root, "as", command, "a{sv}", options),
                                SD_BUS_RESULT("s", name, "o", machine, "h", session), call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("PlanMachine", SD_BUS_ARGS("s", name, "s", root, "as", command, "a{sv}", options),
                                SD_BUS_RESULT("s", plan), call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("CreateMachine", SD_BUS_ARGS("s", name, "s", root, "as", command, "a{sv}", options),
                                SD_BUS_RESULT("s", name, "o", machine), call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("RestartMachine", SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_RESULT("o", machine, "h", session), call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("RenameMachine", SD_BUS_ARGS("s", name, "s", new_name), SD_BUS_NO_RESULT, call_on_manager_method,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("GetMachineSettings", SD_BUS_ARGS("s", name), SD_BUS_RESULT("a{sv}", settings),
                                call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("SetMachineSettings", SD_BUS_ARGS("s", name, "a{sv}", settings), SD_BUS_NO_RESULT,
                                call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("UpdateMachineUnit", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("StartMachine", SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_RESULT("o", machine, "h", session), call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("StopMachine", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("KillMachine", SD_BUS_ARGS("s", name, "s", whom, "i", signal), SD_BUS_NO_RESULT,
                                call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("SetMachineProperties", SD_BUS_ARGS("s", name, "b", runtime, "as", assignments), SD_BUS_NO_RESULT,
                                call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("PauseMachine", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("UnpauseMachine", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("RemoveMachine", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("OpenSession", SD_BUS_ARGS("s", name), SD_BUS_RESULT("h", session), call_on_manager_method,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("ExecMachine", SD_BUS_ARGS("s", name, "as", command, "a{sv}", options),
                                SD_BUS_RESULT("h", session), call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("BindMachine", SD_BUS_ARGS("s", name, "s", mount), SD_BUS_NO_RESULT, call_on_manager_method,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("UnbindMachine", SD_BUS_ARGS("s", name, "s", target), SD_BUS_NO_RESULT, call_on_manager_method,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("PinMachine", SD_BUS_ARGS("s", name, "s", kind, "s", path), SD_BUS_NO_RESULT,
                                call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("ListVolumes", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sst)", volumes), volume_list, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("CreateVolume", SD_BUS_ARGS("s", name), SD_BUS_RESULT("s", path), call_on_manager_method,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("RemoveVolume", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("ListNetworks", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssssuo)", networks), network_on_list, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("GetNetwork", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", network), network_on_get, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("CreateNetwork", SD_BUS_ARGS("s", name, "a{sv}", options), SD_BUS_RESULT("o", network),
                                call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("RemoveNetwork", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("ReloadNetworks", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("FollowEvents", SD_BUS_ARGS("as", names), SD_BUS_RESULT("h", events), call_on_manager_method,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("ListImages", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssbttto)", images), image_on_list, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("GetImage", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", image), image_on_get, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("RemoveImage", SD_BUS_ARGS("s", name, "a{sv}", options), SD_BUS_NO_RESULT, call_on_manager_method,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("CloneImage", SD_BUS_ARGS("s", name, "s", new_name, "b", read_only, "a{sv}", options),
                                SD_BUS_NO_RESULT, call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("RenameImage", SD_BUS_ARGS("s", name, "s", new_name), SD_BUS_NO_RESULT, call_on_manager_method,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("SetImageReadOnly", SD_BUS_ARGS("s", name, "b", read_only), SD_BUS_NO_RESULT,
                                call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("MeasureImage", SD_BUS_ARGS("s", name, "a{sv}", options), SD_BUS_NO_RESULT,
                                call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("GetImageUsage", SD_BUS_ARGS("s", name), SD_BUS_RESULT("t", usage), call_on_manager_method,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("AnnounceMachine", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, call_on_manager_method, ANYBODY),

        SD_BUS_METHOD_WITH_ARGS("ListMachines", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssusto)", machines), method_list_machines,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("ListHealth", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{ss}", health), method_list_health, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("GetMachine", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", machine), method_get_machine, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("GetMachineByPID", SD_BUS_ARGS("u", pid), SD_BUS_RESULT("o", machine), method_get_machine_by_pid,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("GetStats", SD_BUS_ARGS("as", names), SD_BUS_RESULT("a{sa{st}}", stats), stats_on_manager_method,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("GetMachineProcesses", SD_BUS_ARGS("s", name), SD_BUS_RESULT("a(uuusutts)", processes),
                                call_on_manager_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("GetSettings", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssss)", settings), method_get_settings, ANYBODY),

        SD_BUS_SIGNAL_WITH_ARGS("MachineNew", SD_BUS_ARGS("s", name, "o", machine), 0),
        SD_BUS_SIGNAL_WITH_ARGS("MachineRemoved", SD_BUS_ARGS("s", name, "o", machine), 0),
        SD_BUS_SIGNAL_WITH_ARGS("NetworkNew", SD_BUS_ARGS("s", name, "o", network), 0),
        SD_BUS_SIGNAL_WITH_ARGS("NetworkRemoved", SD_BUS_ARGS("s", name, "o", network), 0),
        SD_BUS_SIGNAL_WITH_ARGS("ImageNew", SD_BUS_ARGS("s", name, "o", image), 0),
        SD_BUS_SIGNAL_WITH_ARGS("ImageRemoved", SD_BUS_ARGS("s", name, "o", image), 0),
        SD_BUS_SIGNAL_WITH_ARGS("Warning", SD_BUS_ARGS("s", text), 0),
        SD_BUS_VTABLE_END,
};

int manager_bus_register(Manager *manager) {
        int r;

        r = sd_bus_add_object_vtable(manager->bus, NULL, MANAGER_PATH, MANAGER_INTERFACE, manager_vtable, manager);
        if (r >= 0)
                r = sd_bus_add_object_manager(manager->bus, NULL, MANAGER_PATH);
        if (r >= 0)
                r = image_bus_register(manager);
        if (r >= 0)
                r = network_bus_register(manager);
        return r < 0 ? r : machine_bus_register(manager);
}
