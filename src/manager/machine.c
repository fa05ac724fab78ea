/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <time.h>

#include "clock.h"
#include "cpuset.h"
#include "drop-ins.h"
#include "fd-util.h"
#include "file-util.h"
#include "kept.h"
#include "log.h"
#include "machine-bus.h"
#include "machined.h"
#include "network.h"
#include "range.h"
#include "ready-scope.h"
#include "registry.h"
#include "scope.h"
#include "spec-json.h"
#include "start.h"
#include "string-util.h"
#include "trash.h"
#include "unregister.h"
#include "usage-read.h"

/* How often to look whether what is left of a dead supervisor has let go of its entry. */
#define COLLECT_AGAIN_USEC (20 * USEC_PER_MSEC)

int machine_new(Manager *manager, const char *name, Machine **ret) {
        _cleanup_(machine_freep) Machine *machine = calloc(1, sizeof(Machine));
        int r;

        if (!machine)
                return -ENOMEM;
        *machine = (Machine){ .state = STATE_NULL, .supervisor = PIDREF_NULL };

        machine->state.name = strdup(name);
        if (!machine->state.name)
                return -ENOMEM;
        r = sd_bus_path_encode(MACHINE_PATH_PREFIX, name, &machine->path);
        if (r >= 0)
                r = manager_insert(manager, machine);
        if (r < 0)
                return r;

        machine->manager = manager;
        *ret = TAKE_PTR(machine);
        return 0;
}

/* Nobody to watch and to talk to any more. */
static void machine_detach(Machine *machine) {
        machine->supervisor_source = sd_event_source_disable_unref(machine->supervisor_source);
        machine->collect_timer = sd_event_source_disable_unref(machine->collect_timer);
        machine->register_timer = sd_event_source_disable_unref(machine->register_timer);
        machine->link = link_free(machine->link);
        pidref_done(&machine->supervisor);
        (void) str_replace(&machine->cgroup, NULL);
        machine->usage_files = usage_files_free(machine->usage_files);
}

Machine *machine_free(Machine *machine) {
        if (!machine)
                return NULL;

        machine_detach(machine);
        if (machine->manager)
                manager_remove(machine->manager, machine);
        state_done(&machine->state);
        spec_free(machine->spec);
        free(machine->path);
        free(machine);
        return NULL;
}

static int read_running_spec(Machine *machine, Spec **ret, Error *error) {
        _cleanup_free_ char *path = str_format("%s/spec.json", machine_name(machine)), *text = NULL;
        int r;

        if (!path)
                return error_oom(error);
        r = file_read_at(machine->manager->machines_dir, path, FILE_MAX_DEFAULT, &text, NULL);
        return r < 0 ? error_set_errno(error, r, "reading the settings", machine_name(machine))
                     : spec_from_json(text, ret, error);
}

const Spec *machine_spec(Machine *machine, Error *error) {
        if (machine->spec)
                return machine->spec;

        if (machine->present) {
                if (read_running_spec(machine, &machine->spec, error) >= 0)
                        drop_ins_read(machine, machine->spec);
        } else
                (void) kept_read_spec(machine->manager->kept_dir, machine_name(machine), &machine->spec, error);
        return machine->spec;
}

void machine_drop_spec(Machine *machine) {
        machine->spec = spec_free(machine->spec);
}

/* State */

int machine_first_state(const Spec *spec, State *ret) {
        _cleanup_state_ State state = {
                .state = MACHINE_STARTING,
                .unit = scope_unit_name(spec->name),
                .root = strdup(spec->root),
                .owner = spec->owner,
        };

        if (!state.unit || !state.root)
                return -ENOMEM;
        if (spec->private_users.mode == USER_NAMESPACE_FIXED) {
                state.uid_base = spec->private_users.base;
                state.uid_count = spec->private_users.count;
        }

        *ret = state;
        state = STATE_NULL;
        return 0;
}

void machine_set_state(Machine *machine, State *state) {
        State old = machine->state;
        const char *changed[48] = {};
        size_t n = 0;

        /* Whoever wrote it, this is the machine that it is about. */
        free(state->name);
        state->name = TAKE_PTR(old.name);
        machine->state = *state;
        *state = STATE_NULL;

#define COMPARE(property, condition)               \
        do                                         \
                if (condition)                     \
                        changed[n++] = (property); \
        while (false)
        COMPARE("State", old.state != machine->state.state);
        COMPARE("Unit", !streq_ptr(old.unit, machine->state.unit));
        COMPARE("RootDirectory", !streq_ptr(old.root, machine->state.root));
        COMPARE("Leader", old.leader.pid != machine->state.leader.pid);
        COMPARE("Supervisor", old.supervisor.pid != machine->state.supervisor.pid);
        COMPARE("UIDShift", old.uid_base != machine->state.uid_base);
        COMPARE("UIDCount", old.uid_count != machine->state.uid_count);
        COMPARE("Owner", old.owner != machine->state.owner);
        COMPARE("Timestamp", old.started_usec != machine->state.started_usec);
        COMPARE("FinishTimestamp", old.finished_usec != machine->state.finished_usec);
        COMPARE("Result", old.result != machine->state.result);
        COMPARE("ExitStatus", old.status != machine->state.status);
        COMPARE("Reason", !streq_ptr(old.reason, machine->state.reason));
        COMPARE("Log", !streq_ptr(old.log, machine->state.log));
        COMPARE("OOMKills", old.oom_kills != machine->state.oom_kills);
        COMPARE("OOMVictim", !streq_ptr(old.oom_victim, machine->state.oom_victim));
        COMPARE("MemoryPeak", old.memory_peak != machine->state.memory_peak);
        COMPARE("MemoryLimit", old.memory_limit != machine->state.memory_limit);
        COMPARE("CPUUsageUSec", old.cpu_usec != machine->state.cpu_usec);
        COMPARE("NRestarts", old.restarts != machine->state.restarts);
        COMPARE("NextRestartTimestamp", old.restart_usec != machine->state.restart_usec);
        COMPARE("StatusText", !streq_ptr(old.status_text, machine->state.status_text));
        COMPARE("Health", old.health != machine->state.health);
        COMPARE("HealthFailures", old.health_failures != machine->state.health_failures);
        COMPARE("HealthOutput", !streq_ptr(old.health_output, machine->state.health_output));
        COMPARE("Survivors", !streq_ptr(old.survivors, machine->state.survivors));
        COMPARE("KeepUnit", old.keep_unit != machine->state.keep_unit);
#undef COMPARE
        assert(n < ELEMENTSOF(changed));

        if (n > 0)
                machine_bus_changed(machine, changed);
        if (machine->state.oom_kills > old.oom_kills)
                machine_bus_out_of_memory(machine);
        state_done(&old);
}

static int read_entry_state(const Machine *machine, State *ret) {
        _cleanup_free_ char *path = str_format("%s/state.json", machine_name(machine));

        return path ? state_read_at(machine->manager->machines_dir, path, ret) : -ENOMEM;
}

bool machine_is_ending(const Machine *machine) {
        _cleanup_state_ State state = STATE_NULL;

        if (machine->start)
                return start_is_undoing(machine->start);
        if (machine->stopped || machine->state.state == MACHINE_STOPPING)
                return true;

        /* The registry knows it earlier than the link may have brought it. */
        return !machine_state_is_alive(read_entry_state(machine, &state) < 0 ? machine->state.state : state.state);
}

char *machine_peek_reason(const Machine *machine) {
        _cleanup_state_ State state = STATE_NULL;

        return read_entry_state(machine, &state) >= 0 && state.state == MACHINE_FAILED ? TAKE_PTR(state.reason) : NULL;
}

void machine_refresh_starting(Machine *machine) {
        _cleanup_state_ State state = STATE_NULL;

        if (machine->state.state == MACHINE_STARTING && read_entry_state(machine, &state) >= 0)
                machine_set_state(machine, &state);
}

static int on_register_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Machine *machine = userdata;
        const Spec *spec;
        int r;

        machine->register_timer = sd_event_source_disable_unref(machine->register_timer);
        spec = machine_spec(machine, NULL);
        if (!spec || machine->state.leader.pid <= 0 || !machine_state_is_alive(machine->state.state))
                return 0;

        machine->unregistered = false;
        r = machined_register(machine->manager->bus, spec, machine->state.leader.pid);
        if (r < 0)
                log_debug("machine '%s' was not registered: %s", machine_name(machine), errno_text(r));
        return 0;
}

/*
 * Many commands have ended by then. To have machined register and forget one takes it, systemd and the bus longer than all of
 * the start, and keeps the name taken meanwhile.
 */
void machine_register_soon(Machine *machine) {
        enum { MOMENT_USEC = 5 * 1000, ACCURACY_USEC = 1000 };
        int r = sd_event_add_time_relative(machine->manager->event, &machine->register_timer, CLOCK_MONOTONIC, MOMENT_USEC,
                                           ACCURACY_USEC, on_register_timer, machine);

        if (r < 0)
                log_debug("machine '%s' was not registered: %s", machine_name(machine), errno_text(r));
}

static void machine_register_again(Machine *machine) {
        const Spec *spec = machine_spec(machine, NULL);
        int r = spec ? machined_register_again(machine->manager->bus, spec, machine->state.leader.pid) : -ENODATA;

        if (r < 0)
                log_debug("machine '%s' was not registered again: %s", machine_name(machine), errno_text(r));
}

/* Once, and only one that ran. */
static void machine_unregister(Machine *machine) {
        machine->register_timer = sd_event_source_disable_unref(machine->register_timer);
        if (machine->present && !machine->unregistered && machine->state.started_usec > 0)
                unregister_begin(machine->manager, machine_name(machine));
        machine->unregistered = true;
}

/* Supervisor and link */

static int on_supervisor_gone(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Machine *machine = userdata;

        machine->supervisor_source = sd_event_source_disable_unref(machine->supervisor_source);
        if (machine->link)
                link_drain(machine->link);
        if (machine->start)
                start_on_supervisor_gone(machine->start);
        else
                machine_collect(machine, NULL);
        return 0;
}

int machine_watch(Machine *machine, PidRef *supervisor) {
        int r;

        pidref_done(&machine->supervisor);
        machine->supervisor = *supervisor;
        *supervisor = PIDREF_NULL;

        /* By its pidfd: it is not our child, and under --keep-unit it never was. */
        machine->supervisor_source = sd_event_source_disable_unref(machine->supervisor_source);
        r = sd_event_add_io(machine->manager->event, &machine->supervisor_source, machine->supervisor.fd, EPOLLIN,
                            on_supervisor_gone, machine);

        /* As early as its link (link_open()). */
        return r < 0 ? r : sd_event_source_set_priority(machine->supervisor_source, SD_EVENT_PRIORITY_NORMAL - 2);
}

static void on_link_state(void *userdata, State *state) {
        Machine *machine = userdata;
        pid_t before = machine->state.leader.pid;

        machine_set_state(machine, state);

        /* A system that rebooted has another leader, and machined only knows of the old one. */
        if (!machine->start && !machine->unregistered && machine->state.state == MACHINE_RUNNING &&
            machine->state.leader.pid != before)
                machine_register_again(machine);

        if (machine_state_is_alive(machine->state.state))
                return;
        /* As early as that, so that the name is free by the time that somebody wants it again. */
        if (!machine->start)
                machine_unregister(machine);
        ready_scope_hurry(machine->manager);
}

/* That alone is no end: its pidfd tells of that. */
static void on_link_lost(void *userdata) {
        Machine *machine = userdata;

        machine->link = link_free(machine->link);
        if (machine->start)
                start_on_link_lost(machine->start);
        else
                registry_reconcile_later(machine->manager);
}

int machine_link(Machine *machine, int fd) {
        static const LinkEvents events = { .state = on_link_state, .lost = on_link_lost };
        Manager *manager = machine->manager;
        _cleanup_close_ int dir = -EBADF;

        machine->link = link_free(machine->link);
        if (fd >= 0)
                return link_new(manager->event, fd, &events, machine, &machine->link);

        dir = openat(manager->machines_dir, machine_name(machine), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return dir < 0 ? negative_errno() : link_connect(manager->event, dir, &events, machine, &machine->link);
}

int machine_get_link(Machine *machine, Link **ret, Error *error) {
        static const char step[] = "talking to the machine";

        if (!machine->present || !machine_state_is_alive(machine->state.state))
                return error_set(error, ERROR_MACHINE_NOT_RUNNING, ESRCH, step, machine_name(machine), "it is not running");
        if (!machine->link)
                return error_set(error, ERROR_FAILED, ENOTCONN, step, machine_name(machine), "its supervisor can't be reached");
        *ret = machine->link;
        return 0;
}

/* The end */

static bool is_ours(const Machine *machine, const State *state) {
        const ProcessId *a = &machine->state.supervisor, *b = &state->supervisor;

        return a->pid == 0 || (a->pid == b->pid && a->start_time == b->start_time);
}

/* A second set of what is known of it. */
static int copy_state(const State *state, State *ret) {
        _cleanup_free_ char *text = NULL;
        int r = state_to_json(state, &text);

        return r < 0 ? r : state_from_json(text, ret, NULL);
}

/* What is known of the end: as the supervisor left it, or if it could not, that it was killed. */
static void find_end(Machine *machine, int dir, const char *reason, State *ret) {
        _cleanup_state_ State state = STATE_NULL;

        if (dir < 0 || state_read_at(dir, "state.json", &state) < 0 || !is_ours(machine, &state)) {
                state_done(&state);
                if (copy_state(&machine->state, &state) < 0)
                        state = STATE_NULL;
        }

        if (machine_state_is_alive(state.state) || state.state == MACHINE_CREATED) {
                state.state = MACHINE_FAILED;
                state.result = RESULT_FAILED;
                (void) str_replace(&state.reason, reason ? reason : "the supervisor was killed");
                log_warning("machine '%s' failed: %s", machine_name(machine), strempty(state.reason));
        }

        /* Where it died before its scope was complete, systemd saw no last process leave: the scope would stay for ever. */
        if (state.result == RESULT_FAILED && !state.keep_unit && state.unit && machine->manager->systemd)
                (void) systemd_stop_unit(machine->manager->systemd, state.unit);
        if (state.finished_usec == 0)
                state.finished_usec = clock_usec(CLOCK_REALTIME);

        /* By the time that somebody reads it, the numbers may be those of others. */
        state.supervisor = state.leader = (ProcessId){};

        *ret = state;
        state = STATE_NULL;
}

static void keep_result(Machine *machine, const State *end) {
        int r;

        if (!machine->kept)
                return;
        r = kept_write_result(machine->manager->kept_dir, machine_name(machine), end);
        if (r < 0)
                log_warning("the result of machine '%s' was not kept: %s", machine_name(machine), errno_text(r));
}

static void machine_end(Machine *machine, State *end) {
        Manager *manager = machine->manager;
        const Spec *spec = machine->present ? machine_spec(machine, NULL) : NULL;
        _cleanup_free_ char *name = strdup(machine_name(machine));
        _cleanup_free_ char *network = spec && spec->link.network ? strdup(spec->link.network) : NULL;

        machine_detach(machine);
        machine_drop_spec(machine);
        machine_set_state(machine, end);
        machine_unregister(machine);
        machine->present = false;
        machine_bus_left(machine, network);

        if (!machine->kept) {
                machine_bus_removed(machine);
                machine_free(machine);
        }

        if (name)
                manager_name_is_free(manager, name);
        networks_check(manager);
        manager_check_idle(manager);
}

static int on_collect_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        machine_collect(userdata, NULL);
        return 0;
}

/*
 * Its supervisor is gone, but its entry is locked. Either somebody runs the same name again already (--keep-unit),
 * or the last of its processes is still dying.
 */
static void machine_contested(Machine *machine, const char *reason) {
        Manager *manager = machine->manager;
        _cleanup_free_ char *name = strdup(machine_name(machine));
        _cleanup_state_ State theirs = STATE_NULL, end = STATE_NULL;

        if (name && read_entry_state(machine, &theirs) >= 0 && !is_ours(machine, &theirs)) {
                find_end(machine, -EBADF, reason, &end);
                keep_result(machine, &end);
                machine_end(machine, &end);
                registry_adopt(manager, name);
                return;
        }

        if (machine->collect_timer) {
                (void) sd_event_source_set_time_relative(machine->collect_timer, COLLECT_AGAIN_USEC);
                (void) sd_event_source_set_enabled(machine->collect_timer, SD_EVENT_ONESHOT);
        } else
                (void) sd_event_add_time_relative(manager->event, &machine->collect_timer, CLOCK_MONOTONIC, COLLECT_AGAIN_USEC, 0,
                                                  on_collect_timer, machine);
}

/* Its supervisor could not tell of its end. */
static void note_stale_network(Machine *machine, const State *end) {
        const Spec *spec = end->result == RESULT_FAILED ? machine_spec(machine, NULL) : NULL;

        if (spec && spec->link.network)
                machine->manager->network_stale = true;
}

void machine_collect(Machine *machine, const char *reason) {
        Manager *manager = machine->manager;
        _cleanup_entry_ Entry entry = ENTRY_NULL;
        _cleanup_state_ State end = STATE_NULL;
        int r;

        r = entry_take(manager->machines_dir, machine_name(machine), &entry);
        if (r == -EAGAIN) {
                machine_contested(machine, reason);
                return;
        }

        /* Kept before it is removed: killed in between, our successor does it once more. */
        find_end(machine, entry.dir, reason, &end);
        keep_result(machine, &end);
        note_stale_network(machine, &end);
        if (r >= 0) {
                r = entry_remove(manager->machines_dir, machine_name(machine), &entry);
                if (r < 0)
                        log_warning("the entry of machine '%s' was not removed: %s", machine_name(machine), errno_text(r));
        }
        cpuset_remove(machine_name(machine));
        if (!machine->kept)
                kept_sweep(manager, machine_name(machine));
        if (end.uid_count > 0 && end.uid_base > 0)
                range_sweep(manager->places->ranges,
                            &(UserNamespace){ .mode = USER_NAMESPACE_FIXED, .base = end.uid_base, .count = end.uid_count });

        machine_end(machine, &end);
}
