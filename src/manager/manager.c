/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager.h"

#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-login.h>

#include "authorize.h"
#include "call.h"
#include "drop-ins.h"
#include "fd-util.h"
#include "follow.h"
#include "idle.h"
#include "image-watch.h"
#include "kept.h"
#include "log.h"
#include "machine.h"
#include "manager-bus.h"
#include "network.h"
#include "operation.h"
#include "parse-util.h"
#include "ready-scope.h"
#include "registry.h"
#include "spawner.h"
#include "start.h"
#include "string-util.h"
#include "trash.h"

static void on_spawner_lost(void *userdata) {
        Manager *manager = userdata;

        /* We can't make another: we are sandboxed, and it must not be. The next manager will have one. */
        log_error("the spawner is gone, so berthd begins anew");
        (void) sd_event_exit(manager->event, EXIT_BEGIN_ANEW);
}

static int open_places(Manager *manager, Error *error) {
        manager->machines_dir = places_open_machines(manager->places, /* plans= */ false);
        if (manager->machines_dir < 0)
                return error_set_errno(error, manager->machines_dir, "opening the registry", manager->places->run);

        manager->kept_dir = kept_open(manager->places);
        if (manager->kept_dir < 0)
                return error_set_errno(error, manager->kept_dir, "opening the folder of kept machines", manager->places->state);
        return 0;
}

static size_t read_machines_per_user(void) {
        const char *text = getenv("BERTH_MACHINES_PER_USER");
        uint32_t n = MACHINES_PER_USER;

        if (text && parse_u32(text, &n) < 0)
                log_warning("BERTH_MACHINES_PER_USER=%s is no number, ignoring", text);
        return n;
}

int manager_new(const Places *places, int spawner_socket, Manager **ret, Error *error) {
        _cleanup_close_ int socket = spawner_socket;
        _cleanup_(manager_freep) Manager *manager = calloc(1, sizeof(Manager));
        int r;

        if (!manager)
                return error_oom(error);
        *manager = (Manager){
                .places = places,
                .machines_dir = -EBADF,
                .kept_dir = -EBADF,
                .machines_per_user = read_machines_per_user(),
        };

        manager->authorizer = authorizer_new();
        if (!manager->authorizer)
                return error_oom(error);

        r = sd_event_default(&manager->event);
        if (r >= 0)
                r = spawner_new(manager->event, TAKE_FD(socket), on_spawner_lost, manager, &manager->spawner);
        if (r >= 0)
                r = idle_handle_signals(manager);
        if (r < 0)
                return error_set_errno(error, r, "making the event loop", NULL);

        r = open_places(manager, error);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(manager);
        return 0;
}

Manager *manager_free(Manager *manager) {
        if (!manager)
                return NULL;

        while (manager->operations)
                manager->operations->free(manager->operations);
        while (manager->n_machines > 0)
                machine_free(manager->machines[manager->n_machines - 1]);
        free(manager->machines);

        ready_scope_free(manager->ready_scope);
        drop_ins_unwatch(manager);
        image_unwatch(manager);
        followers_free(manager);
        sd_event_source_disable_unref(manager->reconcile_timer);
        sd_event_source_disable_unref(manager->network_timer);
        sd_event_source_disable_unref(manager->idle_timer);
        authorizer_free(manager->authorizer);
        systemd_free(manager->systemd);
        spawner_free(manager->spawner);
        grace_period_free(manager->grace_period);
        sd_bus_flush_close_unref(manager->bus);
        sd_event_unref(manager->event);
        (void) fd_close(manager->machines_dir);
        (void) fd_close(manager->kept_dir);
        free(manager);
        return NULL;
}

/* The table */

/* Where NAME is, or belongs. */
static size_t position(Manager *manager, const char *name, bool *ret_found) {
        size_t low = 0, high = manager->n_machines;

        *ret_found = false;
        while (low < high) {
                size_t middle = (low + high) / 2;
                int r = strcmp(name, machine_name(manager->machines[middle]));

                if (r == 0) {
                        *ret_found = true;
                        return middle;
                }
                if (r < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

Machine *manager_find(Manager *manager, const char *name) {
        bool found;
        size_t i = position(manager, name, &found);

        return found ? manager->machines[i] : NULL;
}

static int no_such_machine(Manager *manager, const char *name, Error *error) {
        _cleanup_free_ const char **names = calloc(manager->n_machines + 1, sizeof(char *));
        const char *near;

        if (!names)
                return error_oom(error);
        for (size_t i = 0; i < manager->n_machines; i++)
                names[i] = machine_name(manager->machines[i]);
        near = str_nearest(name, names, manager->n_machines);
        return error_set(error, ERROR_NO_SUCH_MACHINE, ENOENT, "looking up the machine", name,
                         near ? "there is no such machine; did you mean %s?" : "there is no such machine", near);
}

int manager_get(Manager *manager, const char *name, Machine **ret, Error *error) {
        registry_sync(manager, name);
        *ret = manager_find(manager, name);
        return *ret ? 0 : no_such_machine(manager, name, error);
}

int manager_find_by_pid(Manager *manager, pid_t pid, Machine **ret, Error *error) {
        static const char step[] = "looking up the process's machine";
        _cleanup_free_ char *unit = NULL;
        char number[3 * sizeof(pid_t) + 1];

        registry_sync_all(manager);
        (void) snprintf(number, sizeof(number), "%i", pid);
        if (pid <= 0 || sd_pid_get_unit(pid, &unit) < 0)
                return error_set(error, ERROR_NO_SUCH_MACHINE, ESRCH, step, number,
                                 "there is no such process, or it is in no unit");

        for (size_t i = 0; i < manager->n_machines; i++)
                if (manager->machines[i]->present && streq_ptr(manager->machines[i]->state.unit, unit)) {
                        *ret = manager->machines[i];
                        return 0;
                }
        return error_set(error, ERROR_NO_SUCH_MACHINE, ESRCH, step, number, "it is in %s, which is no machine's", unit);
}

int manager_insert(Manager *manager, Machine *machine) {
        bool found;
        size_t i = position(manager, machine_name(machine), &found);
        Machine **grown;

        assert(!found);
        if (manager->n_machines >= MACHINES_MAX)
                return -ENOSPC;

        grown = reallocarray(manager->machines, manager->n_machines + 1, sizeof(Machine *));
        if (!grown)
                return -ENOMEM;
        (void) memmove(grown + i + 1, grown + i, (manager->n_machines - i) * sizeof(Machine *));
        grown[i] = machine;
        manager->machines = grown;
        manager->n_machines++;
        return 0;
}

void manager_remove(Manager *manager, Machine *machine) {
        bool found;
        size_t i = position(manager, machine_name(machine), &found);

        assert(found && manager->machines[i] == machine);
        manager->n_machines--;
        (void) memmove(manager->machines + i, manager->machines + i + 1, (manager->n_machines - i) * sizeof(Machine *));
}

void manager_name_is_free(Manager *manager, const char *name) {
        for (Operation *o = manager->operations, *next; o; o = next) {
                next = o->next;
                if (o->kind == OPERATION_START)
                        start_on_name_free((Start *) o, name);
                else if (o->kind == OPERATION_CALL)
                        call_on_name_free(o, name);
        }
}

void manager_check_idle(Manager *manager) {
        idle_check(manager);
}

/* The start */

static int connect_bus(Manager *manager, Error *error) {
        int r;

        r = sd_bus_open_system(&manager->bus);
        if (r < 0)
                return error_set(error, ERROR_NO_BUS, -r, "connecting to the system bus", NULL, "%s; is dbus.service running?",
                                 errno_text(r));

        r = sd_bus_attach_event(manager->bus, manager->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_set_exit_on_disconnect(manager->bus, true);
        if (r >= 0)
                r = manager_bus_register(manager);
        if (r >= 0)
                r = systemd_new(manager->bus, &manager->systemd);
        return r < 0 ? error_set_errno(error, r, "setting up the bus connection", NULL) : 0;
}

static int on_name(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const sd_bus_error *e = sd_bus_message_get_error(m);
        Manager *manager = userdata;
        uint32_t result = 0;

        /* 1: primary owner, 4: we had it already (RequestName of the D-Bus specification). */
        if (!e && sd_bus_message_read(m, "u", &result) >= 0 && (result == 1 || result == 4)) {
                (void) sd_notify(false, "READY=1");
                return 0;
        }

        log_error("taking the name %s on the system bus: %s", BUS_NAME, e ? e->message : "another berthd has it");
        (void) sd_event_exit(manager->event, EXIT_FAILURE);
        return 0;
}

int manager_start(Manager *manager, Error *error) {
        int r;

        r = grace_period_new(&manager->grace_period, error);
        if (r >= 0)
                r = connect_bus(manager, error);
        if (r >= 0)
                r = registry_load(manager, error);
        if (r < 0)
                return r;

        /* Nothing is waited for: what is sent after this goes out under our name, and calls come in only after the daemon has read it. */
        r = sd_bus_request_name_async(manager->bus, NULL, BUS_NAME, 0, on_name, manager);
        if (r < 0)
                return error_set_errno(error, r, "taking the name " BUS_NAME, NULL);

        registry_settle(manager);
        drop_ins_watch(manager);
        image_watch(manager);
        networks_watch(manager);
        trash_empty(manager);
        networks_check(manager);
        manager_check_idle(manager);
        return 0;
}
