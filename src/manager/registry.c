/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "registry.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cpuset.h"
#include "fd-util.h"
#include "file-util.h"
#include "kept.h"
#include "lock-file.h"
#include "log.h"
#include "machine-bus.h"
#include "scope.h"
#include "string-util.h"
#include "trash.h"

/* A supervisor writes its state within milliseconds; one that hangs must not keep us busy. */
#define RECONCILE_FIRST_USEC (50 * USEC_PER_MSEC)
#define RECONCILE_LAST_USEC (5 * USEC_PER_SEC)

/* Entries */

/* Whether somebody lives in the entry: its lock is held. */
static bool entry_is_live(Manager *manager, const char *name) {
        _cleanup_free_ char *path = str_format("%s/lock", name);

        return path && lock_file_is_held(manager->machines_dir, path) > 0;
}

static int read_state(Machine *machine) {
        _cleanup_free_ char *path = str_format("%s/state.json", machine_name(machine));
        _cleanup_state_ State state = STATE_NULL;
        int r;

        if (!path)
                return -ENOMEM;
        r = state_read_at(machine->manager->machines_dir, path, &state);
        if (r >= 0)
                machine_set_state(machine, &state);
        return r;
}

/* Finds the supervisor of a live entry. Where the entry does not say yet who that is, there will be another look. */
static int attach(Machine *machine) {
        _cleanup_pidref_ PidRef supervisor = PIDREF_NULL;
        const ProcessId *id = &machine->state.supervisor;
        int r;

        r = read_state(machine);
        if (r >= 0)
                r = pidref_reopen(id->pid, id->inode, id->start_time, &supervisor);
        if (r >= 0)
                r = machine_watch(machine, &supervisor);
        if (r >= 0)
                r = machine_link(machine, -EBADF);
        return r;
}

/* A machine in the table for an entry; its state is that of the entry, or where that says nothing, that of a start. */
static int add_entry(Manager *manager, const char *name, Machine **ret) {
        Machine *machine = manager_find(manager, name);
        int r;

        if (!machine) {
                r = machine_new(manager, name, &machine);
                if (r < 0)
                        return r;
                machine->kept = kept_exists(manager->kept_dir, name);
        }
        machine->present = true;
        machine->stopped = false;
        machine->unregistered = false;
        machine_drop_spec(machine);

        if (read_state(machine) < 0) {
                machine->state.state = MACHINE_STARTING;
                free(machine->state.unit);
                machine->state.unit = scope_unit_name(name);
        }
        *ret = machine;
        return 0;
}

int registry_adopt(Manager *manager, const char *name) {
        Machine *machine;
        int r;

        if (spec_check_name(name, NULL) < 0 || faccessat(manager->machines_dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                return -ENOENT;

        r = add_entry(manager, name, &machine);
        if (r < 0)
                return r;
        if (!entry_is_live(manager, name)) {
                machine_collect(machine, NULL);
                return -ENOENT;
        }

        if (attach(machine) < 0)
                registry_reconcile_later(manager);
        machine_bus_announce(machine);
        return 0;
}

/* Looking again */

/* Whether the machine is as it should be. It may be freed here. */
static bool reconcile(Machine *machine) {
        Manager *manager = machine->manager;

        if (!machine->present || machine->start)
                return true;
        if (pidref_is_set(&machine->supervisor))
                return machine->link || machine_link(machine, -EBADF) >= 0;
        if (entry_is_live(manager, machine_name(machine)))
                return attach(machine) >= 0;

        machine_collect(machine, NULL);
        return true;
}

void registry_sync(Manager *manager, const char *name) {
        Machine *machine = manager_find(manager, name);

        if (!machine || !machine->present)
                (void) registry_adopt(manager, name);
        else if (!reconcile(machine))
                registry_reconcile_later(manager);
}

static int on_reconcile_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;
        bool settled = true;

        manager->reconcile_timer = sd_event_source_disable_unref(manager->reconcile_timer);

        /* From the end: what is removed meanwhile is behind us. */
        for (size_t i = manager->n_machines; i-- > 0;)
                if (i < manager->n_machines && !reconcile(manager->machines[i]))
                        settled = false;

        if (settled)
                manager->reconcile_usec = 0;
        else
                registry_reconcile_later(manager);
        return 0;
}

void registry_reconcile_later(Manager *manager) {
        uint64_t usec = manager->reconcile_usec * 2;

        if (manager->reconcile_timer)
                return;
        if (usec < RECONCILE_FIRST_USEC)
                usec = RECONCILE_FIRST_USEC;
        if (usec > RECONCILE_LAST_USEC)
                usec = RECONCILE_LAST_USEC;

        if (sd_event_add_time_relative(manager->event, &manager->reconcile_timer, CLOCK_MONOTONIC, usec, 0, on_reconcile_timer,
                                       manager) >= 0)
                manager->reconcile_usec = usec;
}

/* At the start */

/* Calls LOAD for each directory below DIR. */
static int for_each_entry(Manager *manager, int dir, int (*load)(Manager *manager, int dir, const char *name)) {
        int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *stream = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *item;

        if (!stream) {
                r = negative_errno();
                (void) fd_close(fd);
                return r;
        }

        while (r >= 0 && (item = readdir(stream)))
                if (!streq(item->d_name, ".") && !streq(item->d_name, ".."))
                        r = load(manager, dir, item->d_name);

        (void) closedir(stream);
        return r;
}

static int sync_entry(Manager *manager, int dir, const char *name) {
        registry_sync(manager, name);
        return 0;
}

void registry_sync_all(Manager *manager) {
        (void) for_each_entry(manager, manager->machines_dir, sync_entry);
}

/* What ran by its last word. Of one that does, or whose supervisor was killed, there is an entry that says more. */
static int end_with_host(State *state) {
        state->state = MACHINE_FAILED;
        state->result = RESULT_FAILED;
        return str_replace(&state->reason, "the host went down while it ran");
}

static int load_kept_state(Machine *machine) {
        _cleanup_state_ State state = STATE_NULL;
        const Spec *spec;
        int r;

        r = kept_read_result(machine->manager->kept_dir, machine_name(machine), &state);
        if (r >= 0 && machine_state_is_alive(state.state))
                r = end_with_host(&state);
        if (r >= 0) {
                state.supervisor = state.leader = (ProcessId){};
                machine_set_state(machine, &state);
                return 0;
        }

        spec = machine_spec(machine, NULL);
        return spec ? str_replace(&machine->state.root, spec->root) : 0;
}

static int load_kept(Manager *manager, int dir, const char *name) {
        Machine *machine;
        int r;

        /* Half made or half removed when a manager was killed. */
        if (!kept_exists(dir, name)) {
                /* Of one that runs and is not kept it is the layer that it writes to. */
                machine = manager_find(manager, name);
                if (!machine || !machine->present)
                        kept_sweep(manager, name);
                return 0;
        }
        if (spec_check_name(name, NULL) < 0)
                return 0;

        r = machine_new(manager, name, &machine);
        if (r < 0)
                return r;
        machine->kept = true;
        return load_kept_state(machine);
}

int registry_load_kept(Manager *manager, const char *name) {
        return load_kept(manager, manager->kept_dir, name);
}

static int load_entry(Manager *manager, int dir, const char *name) {
        Machine *machine;
        int r;

        if (name[0] == '.') {
                (void) directory_remove_at(dir, name);
                return 0;
        }
        if (spec_check_name(name, NULL) < 0)
                return 0;

        r = add_entry(manager, name, &machine);
        if (r < 0)
                return r;
        if (entry_is_live(manager, name) && attach(machine) < 0)
                registry_reconcile_later(manager);
        return 0;
}

/* What plans of a manager that was killed left. */
static int sweep_plan(Manager *manager, int dir, const char *name) {
        _cleanup_entry_ Entry entry = ENTRY_NULL;

        if (entry_take(dir, name, &entry) >= 0)
                (void) entry_remove(dir, name, &entry);
        return 0;
}

static bool machine_is_live(void *userdata, const char *name) {
        Manager *manager = userdata;

        return entry_is_live(manager, name);
}

int registry_load(Manager *manager, Error *error) {
        _cleanup_close_ int plans = places_open_machines(manager->places, /* plans= */ true);
        int r;

        r = for_each_entry(manager, manager->kept_dir, load_kept);
        if (r >= 0)
                r = for_each_entry(manager, manager->machines_dir, load_entry);
        if (r >= 0 && plans >= 0)
                r = for_each_entry(manager, plans, sweep_plan);
        cpuset_sweep(machine_is_live, manager);
        return r < 0 ? error_set_errno(error, r, "reading the registry", manager->places->run) : 0;
}

/* Whether a manager before us had told of it. */
static bool was_announced(Machine *machine) {
        _cleanup_free_ char *path = str_format("%s/announced", machine_name(machine));

        return path && faccessat(machine->manager->machines_dir, path, F_OK, 0) >= 0;
}

static void settle(Machine *machine) {
        bool kept = machine->kept, told;

        if (!machine->present || entry_is_live(machine->manager, machine_name(machine))) {
                machine_bus_announce(machine);
                return;
        }

        told = was_announced(machine);
        machine->announced = kept || told;
        machine_collect(machine, NULL);
        /* It says what it found at its end, of which we read part before: what clients know is older than both. */
        if (kept && told)
                machine_bus_changed_all(machine);
}

void registry_settle(Manager *manager) {
        for (size_t i = manager->n_machines; i-- > 0;)
                if (i < manager->n_machines)
                        settle(manager->machines[i]);
}
