/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats.h"

#include "machine.h"
#include "processes.h"
#include "registry.h"
#include "string-util.h"
#include "strv.h"
#include "usage-read.h"

/* Found once a run: its supervisor stays where it is. */
static const char *unit_of(Machine *machine, HostKind host) {
        if (!machine->cgroup)
                (void) usage_find_unit(host, machine->state.supervisor.pid, &machine->cgroup);
        return machine->cgroup;
}

/* On the host's network, or another machine's, there is nothing to count that is its own. */
static pid_t network_of(Machine *machine) {
        const Spec *spec = machine_spec(machine, NULL);

        return spec && spec_has_own_network(spec) ? machine->state.leader.pid : 0;
}

static bool read_stats(Machine *machine, int host, Usage *ret) {
        const char *unit;

        if (host < 0 || !machine->present || machine->start || machine->state.leader.pid == 0)
                return false;
        unit = unit_of(machine, (HostKind) host);
        if (!unit)
                return false;
        if (!machine->usage_files)
                machine->usage_files = usage_files_new();
        usage_read((HostKind) host, unit, machine->usage_files, network_of(machine), ret);
        return true;
}

/* The entries of an a{st} that is open: what is not counted has none. */
static int append_values(sd_bus_message *m, const Usage *usage) {
        int r = sd_bus_message_open_container(m, 'a', "{st}");

        for (UsageKey key = 0; r >= 0 && key < _USAGE_KEY_MAX; key++)
                if (usage->values[key] != USAGE_NONE)
                        r = sd_bus_message_append(m, "{st}", usage_key_name(key), usage->values[key]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_machine(sd_bus_message *m, Machine *machine, int host) {
        Usage usage;
        int r;

        if (!read_stats(machine, host, &usage))
                return 0;
        r = sd_bus_message_open_container(m, 'e', "sa{st}");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', machine_name(machine));
        if (r >= 0)
                r = append_values(m, &usage);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_named(sd_bus_message *m, Manager *manager, char *const *names, Error *error) {
        STRV_FOREACH(name, names) {
                Machine *machine;
                int r = manager_get(manager, *name, &machine, error);

                if (r >= 0 && !machine->present)
                        r = error_set(error, ERROR_MACHINE_NOT_RUNNING, ESRCH, "reading the stats of", *name, "it does not run");
                if (r >= 0)
                        r = append_machine(m, machine, host_kind());
                if (r < 0)
                        return r;
        }
        return 0;
}

int stats_on_manager_method(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_strv_free_ char **names = NULL;
        _cleanup_error_ Error error = ERROR_NULL;
        Manager *manager = userdata;
        int host = host_kind(), r = sd_bus_message_read_strv(m, &names);

        if (r >= 0)
                r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{sa{st}}");
        if (r < 0)
                return r;

        if (names && *names)
                r = append_named(reply, manager, names, &error);
        for (size_t i = 0; !(names && *names) && r >= 0 && i < manager->n_machines; i++)
                r = append_machine(reply, manager->machines[i], host);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                return sd_bus_send(NULL, reply, NULL);
        reply_error(m, r, &error);
        return 1;
}

int stats_on_machine_method(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_error_ Error error = ERROR_NULL;
        Machine *machine = userdata;
        Usage usage;
        int r;

        if (!read_stats(machine, host_kind(), &usage)) {
                reply_error(m,
                            error_set(&error, ERROR_MACHINE_NOT_RUNNING, ESRCH, "reading the stats of", machine_name(machine),
                                      "it does not run"),
                            &error);
                return 1;
        }
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = append_values(reply, &usage);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* Processes */

typedef struct Listing {
        sd_bus_message *reply;
        int r;
} Listing;

static void append_process(const Process *p, void *userdata) {
        Listing *listing = userdata;

        if (listing->r >= 0)
                listing->r = sd_bus_message_append(listing->reply, "(uuusutts)", (uint32_t) p->pid, (uint32_t) p->pid_inside,
                                                   (uint32_t) p->uid, p->state, (uint32_t) p->threads, p->cpu_usec, p->memory,
                                                   p->command);
}

int processes_run(Call *call, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int host = host_kind(), r;
        Machine *machine;
        Listing listing;

        r = manager_get(call->operation.manager, call->name, &machine, error);
        if (r < 0)
                return r;
        if (host < 0 || !machine->present || machine->start || !unit_of(machine, (HostKind) host))
                return error_set(error, ERROR_MACHINE_NOT_RUNNING, ESRCH, "listing the processes of", call->name,
                                 "it does not run");

        r = sd_bus_message_new_method_return(call->message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(uuusutts)");
        listing = (Listing){ .reply = reply, .r = r };
        if (r >= 0)
                r = processes_read((HostKind) host, machine->cgroup, append_process, &listing);
        if (r >= 0)
                r = listing.r;
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        return r < 0 ? error_set_errno(error, r, "listing the processes of", call->name) : 0;
}
