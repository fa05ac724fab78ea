/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine-bus.h"

#include <fcntl.h>
#include <unistd.h>

#include "call.h"
#include "fd-util.h"
#include "follow.h"
#include "image-watch.h"
#include "manager-bus.h"
#include "network-bus.h"
#include "registry.h"
#include "setting.h"
#include "spec-bus.h"
#include "stats.h"
#include "string-util.h"
#include "strv.h"

/* Properties */

static int get_string(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                      void *userdata, sd_bus_error *ret_error) {
        const Machine *machine = userdata;
        const char *value = streq(property, "Name")            ? machine->state.name
                            : streq(property, "State")         ? machine_state_to_string(machine->state.state)
                            : streq(property, "Unit")          ? machine->state.unit
                            : streq(property, "RootDirectory") ? machine->state.root
                            : streq(property, "Log")           ? machine->state.log
                            : streq(property, "OOMVictim")     ? machine->state.oom_victim
                            : streq(property, "StatusText")    ? machine->state.status_text
                            : streq(property, "Health") ? health_state_to_string(machine->state.health)
                            : streq(property, "HealthOutput") ? machine->state.health_output
                            : streq(property, "Survivors") ? machine->state.survivors
                            : streq(property, "Result")        ? machine_result_to_string(machine->state.result)
                                                               : machine->state.reason;

        return sd_bus_message_append_basic(reply, 's', strempty(value));
}

static int get_u32(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *ret_error) {
        const Machine *machine = userdata;
        uint32_t value = streq(property, "Leader")       ? (uint32_t) machine->state.leader.pid
                         : streq(property, "Supervisor") ? (uint32_t) machine->state.supervisor.pid
                         : streq(property, "OOMKills")   ? machine->state.oom_kills
                         : streq(property, "NRestarts")  ? machine->state.restarts
                         : streq(property, "Owner")      ? machine->state.owner
                         : streq(property, "HealthFailures") ? machine->state.health_failures
                         : streq(property, "UIDShift")   ? machine->state.uid_base
                                                             : machine->state.uid_count;

        return sd_bus_message_append_basic(reply, 'u', &value);
}

static int get_u64(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *ret_error) {
        const Machine *machine = userdata;

        const uint64_t *value = streq(property, "Timestamp")     ? &machine->state.started_usec
                                : streq(property, "MemoryPeak")  ? &machine->state.memory_peak
                                : streq(property, "MemoryLimit") ? &machine->state.memory_limit
                                : streq(property, "NextRestartTimestamp") ? &machine->state.restart_usec
                                : streq(property, "CPUUsageUSec") ? &machine->state.cpu_usec
                                                                          : &machine->state.finished_usec;

        return sd_bus_message_append_basic(reply, 't', value);
}

static int get_status(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                      void *userdata, sd_bus_error *ret_error) {
        const Machine *machine = userdata;

        return sd_bus_message_append(reply, "i", (int32_t) machine->state.status);
}

static int get_keep_unit(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                         void *userdata, sd_bus_error *ret_error) {
        const Machine *machine = userdata;

        return sd_bus_message_append(reply, "b", (int) machine->state.keep_unit);
}

/* Those of a machine that runs, in the networks of berth's. */
static int get_addresses(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                         void *userdata, sd_bus_error *ret_error) {
        Machine *machine = userdata;
        const Spec *spec = machine->present ? machine_spec(machine, NULL) : NULL;
        const char *const addresses[] = { spec ? spec->link.address : NULL, spec ? spec->link.address6 : NULL };
        int r = sd_bus_message_open_container(reply, 'a', "s");

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(addresses); i++)
                if (addresses[i])
                        r = sd_bus_message_append_basic(reply, 's', addresses[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_network(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                       void *userdata, sd_bus_error *ret_error) {
        Machine *machine = userdata;
        const Spec *spec = machine->present ? machine_spec(machine, NULL) : NULL;

        return sd_bus_message_append(reply, "s", spec ? strempty(spec->link.network) : "");
}

/* Without secrets: any user may read a property. */
static int get_settings(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                        void *userdata, sd_bus_error *ret_error) {
        const Spec *spec = machine_spec(userdata, NULL);
        _cleanup_spec_ Spec *shown = spec ? spec_copy(spec) : NULL;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        if (shown) {
                r = 0;
                FOREACH_SETTING(s)
                        if (s->secret && r >= 0)
                                r = setting_assign(s, shown, "", NULL);
                if (r >= 0)
                        r = spec_append_bus(shown, reply);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(reply);
}

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

const sd_bus_vtable machine_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Name", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("Unit", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("RootDirectory", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("Leader", "u", get_u32, 0, CHANGES),
        SD_BUS_PROPERTY("Supervisor", "u", get_u32, 0, CHANGES),
        SD_BUS_PROPERTY("UIDShift", "u", get_u32, 0, CHANGES),
        SD_BUS_PROPERTY("UIDCount", "u", get_u32, 0, CHANGES),
        SD_BUS_PROPERTY("Owner", "u", get_u32, 0, CHANGES),
        SD_BUS_PROPERTY("Timestamp", "t", get_u64, 0, CHANGES),
        SD_BUS_PROPERTY("FinishTimestamp", "t", get_u64, 0, CHANGES),
        SD_BUS_PROPERTY("Result", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("ExitStatus", "i", get_status, 0, CHANGES),
        SD_BUS_PROPERTY("Reason", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("Log", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("OOMKills", "u", get_u32, 0, CHANGES),
        SD_BUS_PROPERTY("OOMVictim", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("MemoryPeak", "t", get_u64, 0, CHANGES),
        SD_BUS_PROPERTY("MemoryLimit", "t", get_u64, 0, CHANGES),
        SD_BUS_PROPERTY("CPUUsageUSec", "t", get_u64, 0, CHANGES),
        SD_BUS_PROPERTY("NRestarts", "u", get_u32, 0, CHANGES),
        SD_BUS_PROPERTY("NextRestartTimestamp", "t", get_u64, 0, CHANGES),
        SD_BUS_PROPERTY("StatusText", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("Health", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("HealthFailures", "u", get_u32, 0, CHANGES),
        SD_BUS_PROPERTY("HealthOutput", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("Survivors", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("KeepUnit", "b", get_keep_unit, 0, CHANGES),
        SD_BUS_PROPERTY("Network", "s", get_network, 0, CHANGES),
        SD_BUS_PROPERTY("Addresses", "as", get_addresses, 0, CHANGES),
        SD_BUS_PROPERTY("Settings", "a{sv}", get_settings, 0, CHANGES),

        SD_BUS_METHOD_WITH_ARGS("Stop", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, call_on_machine_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Kill", SD_BUS_ARGS("s", whom, "i", signal), SD_BUS_NO_RESULT, call_on_machine_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetProperties", SD_BUS_ARGS("b", runtime, "as", assignments), SD_BUS_NO_RESULT,
                                call_on_machine_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetStats", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{st}", stats), stats_on_machine_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetProcesses", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(uuusutts)", processes), call_on_machine_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Pause", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, call_on_machine_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Unpause", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, call_on_machine_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Remove", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, call_on_machine_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenSession", SD_BUS_NO_ARGS, SD_BUS_RESULT("h", session), call_on_machine_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Rename", SD_BUS_ARGS("s", new_name), SD_BUS_NO_RESULT, call_on_machine_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetSettings", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", settings), call_on_machine_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetSettings", SD_BUS_ARGS("a{sv}", settings), SD_BUS_NO_RESULT, call_on_machine_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Exec", SD_BUS_ARGS("as", command, "a{sv}", options), SD_BUS_RESULT("h", session),
                                call_on_machine_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Bind", SD_BUS_ARGS("s", mount), SD_BUS_NO_RESULT, call_on_machine_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Pin", SD_BUS_ARGS("s", kind, "s", path), SD_BUS_NO_RESULT, call_on_machine_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Unbind", SD_BUS_ARGS("s", target), SD_BUS_NO_RESULT, call_on_machine_method,
                                SD_BUS_VTABLE_UNPRIVILEGED),

        SD_BUS_SIGNAL_WITH_ARGS("OutOfMemory", SD_BUS_ARGS("s", victim, "u", kills, "t", peak, "t", limit), 0),
        SD_BUS_VTABLE_END,
};

static const char *const changing[] = {
        "State",           "Unit",   "RootDirectory", "Leader", "Supervisor", "UIDShift", "UIDCount", "Owner", "Timestamp",
        "FinishTimestamp", "Result", "ExitStatus",    "Reason", "KeepUnit",   "Log",
        "Health", "HealthFailures", "HealthOutput", "Survivors", "NRestarts", "NextRestartTimestamp", "StatusText",
        "OOMKills", "OOMVictim",   "MemoryPeak", "MemoryLimit", "CPUUsageUSec", "Network", "Addresses", "Settings", NULL,
};

/* Objects */

static int find_machine(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                        sd_bus_error *ret_error) {
        _cleanup_free_ char *name = NULL;
        int r = sd_bus_path_decode(path, MACHINE_PATH_PREFIX, &name);

        if (r <= 0)
                return r;
        *ret_found = manager_find(userdata, name);
        return *ret_found != NULL;
}

static int list_machines(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *ret_error) {
        _cleanup_strv_free_ char **nodes = NULL;
        Manager *manager = userdata;

        nodes = calloc(manager->n_machines + 1, sizeof(char *));
        if (!nodes)
                return -ENOMEM;
        for (size_t i = 0; i < manager->n_machines; i++) {
                nodes[i] = strdup(manager->machines[i]->path);
                if (!nodes[i])
                        return -ENOMEM;
        }

        *ret_nodes = TAKE_PTR(nodes);
        return 0;
}

/*
 * Before a call to a machine's object, or for the whole tree of them, is looked up: one that runs in somebody's unit
 * may have told that unit's systemd that it is there, and not yet us.
 */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *path = sd_bus_message_get_path(m);
        _cleanup_free_ char *name = NULL;

        if (!sd_bus_message_is_method_call(m, NULL, NULL))
                return 0;

        if (sd_bus_path_decode(path, MACHINE_PATH_PREFIX, &name) > 0)
                registry_sync(userdata, name);
        else if (streq(path, MACHINE_PATH_PREFIX) || sd_bus_message_is_method_call(m, NULL, "GetManagedObjects"))
                registry_sync_all(userdata);
        return 0;
}

int machine_bus_register(Manager *manager) {
        int r;

        r = sd_bus_add_fallback_vtable(manager->bus, NULL, MACHINE_PATH_PREFIX, MACHINE_INTERFACE, machine_vtable, find_machine,
                                       manager);
        if (r >= 0)
                r = sd_bus_add_node_enumerator(manager->bus, NULL, MACHINE_PATH_PREFIX, list_machines, manager);
        return r < 0 ? r : sd_bus_add_filter(manager->bus, NULL, on_message, manager);
}

/* Signals. That one could not be queued is no reason to do anything else differently. */

/*
 * A file in the entry says that a manager has announced the machine: so its successor knows what it must tell
 * of, and what only may have changed meanwhile.
 */
static bool mark_announced(Machine *machine) {
        _cleanup_free_ char *path = str_format("%s/announced", machine_name(machine));
        _cleanup_close_ int fd = -EBADF;

        if (!path || !machine->present)
                return false;
        fd = openat(machine->manager->machines_dir, path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
        return fd < 0 && errno == EEXIST;
}

static void emit_new(Machine *machine) {
        Manager *manager = machine->manager;

        (void) sd_bus_emit_signal(manager->bus, MANAGER_PATH, MANAGER_INTERFACE, "MachineNew", "so", machine_name(machine),
                                  machine->path);
        (void) sd_bus_emit_object_added(manager->bus, machine->path);
        follow_came(machine, /* is_new= */ true);
        image_machines_changed(machine);
}

/* What is there for as long as it runs, or is another each time. */
static const char *const of_one_run[] = { "Settings", "Network", "Addresses", NULL };

/* There is one more on its network. */
static void tell_network(Machine *machine) {
        const Spec *spec = machine->present ? machine_spec(machine, NULL) : NULL;

        if (spec && spec->link.network)
                network_bus_machines_changed(machine->manager, spec->link.network);
}

void machine_bus_announce(Machine *machine) {
        bool marked = mark_announced(machine);

        if (machine->announced) {
                /* A kept one, which runs again. */
                machine_bus_changed(machine, of_one_run);
                tell_network(machine);
                return;
        }
        machine->announced = true;

        /* A kept machine that does not run is what it was before our time. */
        if (!machine->present)
                return;
        if (marked) {
                machine_bus_changed_all(machine);
                return;
        }
        emit_new(machine);
        tell_network(machine);
}

void machine_bus_left(Machine *machine, const char *network) {
        if (machine->kept)
                machine_bus_changed(machine, of_one_run);
        if (network)
                network_bus_machines_changed(machine->manager, network);
}

void machine_bus_created(Machine *machine) {
        machine->announced = true;
        emit_new(machine);
}

void machine_bus_changed(Machine *machine, const char *const *properties) {
        if (!machine->announced)
                return;
        (void) sd_bus_emit_properties_changed_strv(machine->manager->bus, machine->path, MACHINE_INTERFACE, (char **) properties);
        follow_changed(machine, properties);
}

void machine_bus_changed_all(Machine *machine) {
        machine_bus_changed(machine, changing);
}

void machine_bus_removed(Machine *machine) {
        Manager *manager = machine->manager;

        if (!machine->announced)
                return;
        (void) sd_bus_emit_signal(manager->bus, MANAGER_PATH, MANAGER_INTERFACE, "MachineRemoved", "so", machine_name(machine),
                                  machine->path);
        (void) sd_bus_emit_object_removed(manager->bus, machine->path);
        follow_came(machine, /* is_new= */ false);
        image_machines_changed(machine);
        machine->announced = false;
}

void machine_bus_out_of_memory(Machine *machine) {
        const State *state = &machine->state;

        if (!machine->announced)
                return;
        (void) sd_bus_emit_signal(machine->manager->bus, machine->path, MACHINE_INTERFACE, "OutOfMemory", "sutt",
                                  strempty(state->oom_victim), state->oom_kills, state->memory_peak, state->memory_limit);
        follow_out_of_memory(machine);
}
