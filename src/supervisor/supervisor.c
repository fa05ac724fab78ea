/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervisor.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "attach.h"
#include "clone-tree.h"
#include "connection.h"
#include "exec.h"
#include "fd-util.h"
#include "file-util.h"
#include "health.h"
#include "hooks.h"
#include "incoming.h"
#include "keep-unit.h"
#include "leader-clone.h"
#include "live-binds.h"
#include "live-limits.h"
#include "log.h"
#include "oom.h"
#include "name.h"
#include "notify.h"
#include "prepare.h"
#include "process-limits.h"
#include "range.h"
#include "remains.h"
#include "recorder.h"
#include "settings-files.h"
#include "source.h"
#include "spec-json.h"
#include "starting.h"
#include "string-util.h"
#include "strv.h"
#include "terminals.h"
#include "trim.h"
#include "unit-limits.h"

/* Making and unmaking */

static void supervisor_init(Supervisor *s) {
        *s = (Supervisor){
                .cgroup = CGROUP_NULL,
                .state = STATE_NULL,
                .error = ERROR_NULL,
                .loop_result = 1,
                .loop_error = ERROR_NULL,
                .link = -EBADF,
                .session = -EBADF,
                .leader = PIDREF_NULL,
                .told_status = -1,
                .run_dir = -EBADF,
                .tree = -EBADF,
                .snapshot = SNAPSHOT_NULL,
                .source = SOURCE_NULL,
                .devices = -EBADF,
                .locks = { -EBADF, -EBADF, -EBADF, -EBADF },
                .namespaces = NAMESPACES_NULL,
                .stdio = { -EBADF, -EBADF, -EBADF },
        };
}

/* Interfaces that are in the machine are the host's again. */
void supervisor_withdraw_links(Supervisor *s) {
        if (s->has_links)
                remains_withdraw(s->spec);
        s->has_links = false;
}

static void supervisor_done(Supervisor *s) {
        live_limits_forget(s);
        health_end(s);
        s->hooks = hooks_free(s->hooks);
        oom_unwatch(s);
        connections_end(s);
        execs_end(s);
        publisher_free(s->publisher);
        supervisor_withdraw_links(s);
        ports_done(&s->ports);
        keep_unit_free(s->announcement);
        sd_event_source_disable_unref(s->announce_timer);
        live_binds_free(s);
        notify_free(s->notify);
        terminals_free(s);
        recorder_free(s->recorder);
        birth_free(s->birth);
        if (s->plan && plan_has_mount(s->plan, MOUNT_INCOMING))
                incoming_remove(s->spec->name);
        plan_free(s->plan);
        snapshot_done(&s->snapshot);
        spec_free(s->spec);
        sd_bus_message_unref(s->start_call);
        sd_bus_message_unref(s->freeze_call);
        sd_event_source_disable_unref(s->freeze_source);
        sd_event_source_disable_unref(s->freeze_timer);
        sd_event_source_disable_unref(s->outcome_source);
        sd_event_source_disable_unref(s->leader_source);
        sd_event_source_disable_unref(s->timer);
        sd_event_source_disable_unref(s->trim_timer);
        sd_event_source_disable_unref(s->status_timer);
        sd_event_unref(s->event);
        cgroup_done(&s->cgroup);
        state_done(&s->state);
        timeline_done(&s->timeline);
        error_done(&s->error);
        error_done(&s->loop_error);
        (void) fd_close(s->link);
        (void) fd_close(s->session);
        free(s->socket_names);
        pidref_done(&s->leader);
        fd_close_many(s->stdio, ELEMENTSOF(s->stdio));
        namespaces_done(&s->namespaces);
        source_done(&s->source);
        (void) fd_close(s->tree);
        (void) fd_close(s->devices);
        (void) fd_close(s->run_dir);
        /* Last: as long as the lock is held the machine is alive to everybody. */
        fd_close_many(s->locks, ELEMENTSOF(s->locks));
}
#define _cleanup_supervisor_ _cleanup_(supervisor_done)

/* What most machines will load. It is compiled here where nobody has yet, so that no start does. */
static void warm_up_filter(void) {
        _cleanup_spec_ Spec *spec = spec_new();
        _cleanup_filter_ Filter filter = FILTER_NULL;
        PlanHost host;

        if (!spec || plan_host_read(&host, NULL) < 0)
                return;
        (void) filter_obtain(&(FilterPolicy){ .capabilities = spec_effective_capabilities(spec) & host.capabilities },
                             FILTER_DIRECTORY, &filter, NULL);
}

void supervisor_warm_up(void) {
        _cleanup_spec_ Spec *spec = NULL;
        sd_event *event = NULL;
        sd_bus *bus = NULL;

        (void) spec_from_json("{\"name\": \"warm\", \"settings\": {\"Parameters\": [\"true\"]}}", &spec, NULL);
        (void) sd_event_new(&event);
        (void) sd_bus_new(&bus);
        sd_bus_unref(bus);
        sd_event_unref(event);
        warm_up_filter();
}

/* The loop */

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        supervisor_dispatch(userdata, EVENT_STOP);
        return 0;
}

static int on_leader_exit(sd_event_source *source, const siginfo_t *info, void *userdata) {
        Supervisor *s = userdata;

        supervisor_record_exit(s, info);
        supervisor_dispatch(s, EVENT_LEADER_EXITED);
        return 0;
}

/*
 * SIGURG is what systemd sends to every process of the scope on stop: the payload ignores it by default, we
 * run the ordered stop. SIGTERM means the same: from somebody's hand, or as KillSignal= of a unit that we
 * share.
 */
static int add_signals(Supervisor *s) {
        static const int signals[] = { SIGURG, SIGTERM, SIGINT };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(signals) && r >= 0; i++)
                r = sd_event_add_signal(s->event, NULL, signals[i], on_signal, s);
        return r;
}

/* Before anything is cloned: the leader is not to die of a signal that is meant for us, and resets all of this itself. */
static int block_signals(void) {
        sigset_t set;

        (void) signal(SIGPIPE, SIG_IGN);
        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        sigaddset(&set, SIGURG);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        return sigprocmask(SIG_SETMASK, &set, NULL) < 0 ? negative_errno() : 0;
}

static int make_loop(Supervisor *s, Error *error) {
        int r = sd_event_new(&s->event);

        if (r >= 0)
                r = add_signals(s);
        if (r < 0)
                return error_set_errno(error, r, "making the event loop of", s->spec->name);
        r = publisher_new(s->event, &s->ports, &s->publisher);
        if (r < 0)
                return error_set_errno(error, r, "serving the published ports of", s->spec->name);
        r = connections_listen(s, error);
        /* In a unit of somebody else's there is no manager yet. */
        if (r >= 0 && !s->keep_unit)
                r = connection_add(s, TAKE_FD(s->link), CONNECTION_LINK, error);
        if (r >= 0 && s->session >= 0)
                r = connection_add(s, TAKE_FD(s->session), CONNECTION_SESSION, error);
        return r;
}

/* Once, at the latest when all is built: its result is looked at then. */
static void prepare_loop(void *userdata) {
        Supervisor *s = userdata;

        if (s->loop_result > 0)
                s->loop_result = make_loop(s, &s->loop_error);
}

/* Building */

static int read_spec(Supervisor *s, Error *error) {
        _cleanup_free_ char *text = NULL;
        int r = file_read_at(s->run_dir, "spec.json", FILE_MAX_DEFAULT, &text, NULL);

        if (r < 0)
                return error_set_errno(error, r, "reading", "spec.json");
        return spec_from_json(text, &s->spec, error);
}

/* Only who can enter the user namespace sees its ids. The host's own are nobody's to take. */
static int take_joined_range(Supervisor *s, IdMap *ret, Error *error) {
        int r = leader_read_joined_map(&s->namespaces, ret, error);

        if (r < 0 || ret->outside == 0)
                return r;
        return range_join(RANGE_DIRECTORY,
                          &(UserNamespace){ .mode = USER_NAMESPACE_FIXED, .base = ret->outside, .count = ret->count },
                          &s->locks[2], error);
}

static int make_plan(Supervisor *s, Error *error) {
        PlanHost host;
        int r;

        s->timeline.begin = s->spec->timing_usec;
        timeline_mark(&s->timeline, "supervisor: spec read");
        r = plan_host_read(&host, error);
        if (r >= 0)
                r = oom_score_shelter(&s->oom_score);
        if (r >= 0)
                host.oom_score = s->oom_score;
        host.sockets = (PassedSockets){ .n = s->n_sockets, .names = s->socket_names };
        if (r >= 0)
                r = namespaces_open_rest(s->spec, &s->namespaces, error);
        if (r >= 0 && s->namespaces.fds[NAMESPACE_USER] >= 0)
                r = take_joined_range(s, &host.joined_map, error);
        if (r >= 0)
                r = plan_new(s->spec, &host, &s->plan, error);
        timeline_mark(&s->timeline, "supervisor: planned");
        if (r >= 0)
                r = plan_make_filter(s->plan, FILTER_DIRECTORY, error);
        timeline_mark(&s->timeline, "supervisor: filter there");
        return r;
}

static int init_state(Supervisor *s, const char *unit) {
        _cleanup_pidref_ PidRef self = PIDREF_NULL;
        /* Not getpid(): we may be PID 1 of our own namespace, and the registry speaks of the host's numbers. */
        int r = pidref_from_pid(getpid(), &self);

        if (r < 0)
                return r;
        s->state.supervisor = process_id(&self);
        s->state.state = MACHINE_STARTING;
        s->state.uid_base = s->plan ? plan_root_id(s->plan) : 0;
        s->state.uid_count = s->plan && s->plan->has_id_map ? s->plan->id_map.count : 0;
        s->state.keep_unit = s->keep_unit;
        s->state.owner = s->spec->owner;

        if (str_replace(&s->state.name, s->spec->name) < 0 || str_replace(&s->state.root, s->spec->root) < 0 ||
            str_replace(&s->state.unit, unit) < 0)
                return -ENOMEM;
        return state_write_at(s->run_dir, "state.json", &s->state);
}

/* The place to build at: by its path, since a descriptor would be of the host's mount namespace. */
int supervisor_mount_point(const Supervisor *s, char **ret, Error *error) {
        char link[FD_PATH_MAX], path[PATH_MAX];
        ssize_t n = readlink(fd_path(s->run_dir, link), path, sizeof(path) - 1);

        if (n < 0)
                return error_set_errno(error, negative_errno(), "finding the run directory of", s->spec->name);
        path[n] = '\0';
        *ret = str_format("%s/root", path);
        return *ret ? 0 : error_oom(error);
}

/* A system may reboot; and whatever its policy lets begin again. What it is made from is kept. */
bool supervisor_may_begin_again(const Supervisor *s) {
        return s->spec->boot || (!s->keep_unit && restart_is_possible(s->spec));
}

/*
 * What is ephemeral is written to a snapshot where there can be one, and else to memory. Each life has its own. An overlay it
 * stays where there is more to it: a limit, or directories below the tree.
 */
static int take_snapshot(Supervisor *s, Error *error) {
        const Spec *spec = s->spec;
        int r;

        if (!spec->ephemeral || spec_has_layer(spec) || spec->volatile_mode != VOLATILE_NO || spec->disk_max > 0 || spec->lower ||
            s->source.tree.is_mount)
                return 0;
        snapshot_done(&s->snapshot);
        r = snapshot_take(s->tree, spec->root, &s->snapshot, error);
        if (r < 0)
                return r;
        s->source.tree.tree = r == 0 ? s->snapshot.fd : s->tree;
        s->plan->tree_mode = r == 0 ? TREE_WRITABLE : TREE_EPHEMERAL;
        return 0;
}

static int open_source(Supervisor *s, const char *place, Error *error) {
        int r = source_open(s->plan, s->tree, &s->source, error);

        return r >= 0 && supervisor_may_begin_again(s) ? source_keep(&s->source, place, error) : r;
}

/* Nothing depends on machined, and so on no way for it: a host where that can't be made is told of. */
static int make_incoming(const Supervisor *s) {
        _cleanup_error_ Error error = ERROR_NULL;
        int fd = plan_has_mount(s->plan, MOUNT_INCOMING) ? incoming_make(s->spec->name, &error) : -EBADF;

        if (fd < 0 && error_is_set(&error))
                (void) log_failure(fd, &error, s->spec->name);
        return fd;
}

static int build_from(Supervisor *s, const char *place, Error *error) {
        _cleanup_close_ int incoming = -EBADF;
        TreeSource tree;
        int r = source_for_life(&s->source, &tree, error);

        if (r < 0)
                return r;
        incoming = make_incoming(s);
        r = birth_build(
                &(BirthParts){
                        .plan = s->plan,
                        .source = &tree,
                        .namespaces = &s->namespaces,
                        .cgroup = s->placed ? &s->cgroup : NULL,
                        .mount_point = place,
                        .incoming = incoming,
                        .meanwhile = prepare_loop,
                        .userdata = s,
                },
                &s->timeline, &s->birth, error);
        source_life_done(&s->source, &tree);
        return r;
}

static int build(Supervisor *s, Error *error) {
        _cleanup_free_ char *place = NULL;
        int r = supervisor_mount_point(s, &place, error);

        /* A port that is taken is known before anything is made. */
        if (r >= 0 && s->ports.n_sockets == 0)
                r = ports_open(s->spec, &s->ports, error);
        /* Once: in the scope no loop device can be opened any more. */
        if (r >= 0 && s->source.tree.tree < 0)
                r = open_source(s, place, error);
        if (r >= 0)
                r = take_snapshot(s, error);
        /* Before the leader, which would have it too, is cloned. */
        s->devices = fd_close(s->devices);
        /* Those of an earlier life. */
        supervisor_withdraw_links(s);
        if (r >= 0)
                r = build_from(s, place, error);
        if (r >= 0)
                s->has_links = true;
        if (r >= 0 && !s->ports.elements)
                r = ports_publish(s->spec, &s->ports, error);
        if (!supervisor_may_begin_again(s)) {
                source_done(&s->source);
                s->source = SOURCE_NULL;
                s->tree = fd_close(s->tree);
                namespaces_done(&s->namespaces);
        }
        return r;
}

static int add_leader(Supervisor *s, Error *error) {
        int notify = birth_take_notify(s->birth), r = terminals_take(s, error);

        if (r >= 0 && notify >= 0)
                r = notify_new(s->event, notify, s->spec->boot ? birth_leader_child(s->birth) : 0, supervisor_on_notify, s,
                               &s->notify, error);
        if (r < 0)
                return r;
        r = sd_event_add_child(s->event, &s->leader_source, birth_leader_child(s->birth), WEXITED, on_leader_exit, s);
        return r < 0 ? error_set_errno(error, r, "watching the leader of", s->spec->name) : 0;
}

int supervisor_build_again(Supervisor *s, Error *error) {
        int r;

        s->leader_source = sd_event_source_disable_unref(s->leader_source);
        s->notify = notify_free(s->notify);
        pidref_done(&s->leader);
        s->exited = false;
        s->told_status = -1;

        s->placed = false;
        r = cgroup_clear_payload(&s->cgroup, error);
        if (r >= 0)
                r = starting_take_place(s, error);
        if (r >= 0)
                r = build(s, error);
        return r < 0 ? r : add_leader(s, error);
}

/* Under a manager */

static void take_request(Supervisor *s, const SpawnRequest *request) {
        s->run_dir = request->run_dir;
        s->tree = request->tree;
        s->devices = request->devices;
        s->link = request->link;
        s->session = request->session;
        s->locks[0] = request->name_lock;
        s->locks[1] = request->range_lock;
        s->locks[3] = request->address_lock;
        s->stdio[0] = request->stdin_fd;
        s->stdio[1] = request->stdout_fd;
        s->stdio[2] = request->stderr_fd;
        s->namespaces = request->namespaces;
        s->terminal_size = request->terminal_size;
}

static int print_plan(const Supervisor *s) {
        _cleanup_close_ int fd = fd_dup(s->stdio[1]);
        FILE *f = fd >= 0 ? fdopen(fd, "we") : NULL;

        if (!f)
                return EXIT_FAILURE;
        TAKE_FD(fd);
        plan_print(s->plan, f);
        return fclose(f) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The manager reads this as the reason. */
static int print_plan_failure(const Supervisor *s, int r, const Error *error) {
        _cleanup_free_ char *text = error_is_set(error) ? error_render(error) : NULL;

        (void) dprintf(s->stdio[2], "%s\n", text ? text : errno_text(r));
        return EXIT_FAILURE;
}

int supervisor_main(SpawnRequest *request, const Title *title) {
        _cleanup_supervisor_ Supervisor s;
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_free_ char *unit = NULL;
        _cleanup_free_ void *room = NULL;
        int r, planned;

        supervisor_init(&s);
        take_request(&s, request);
        s.managed = true;

        /* Without a spec or an event loop there is nobody to tell by name: the manager sees us gone. */
        r = block_signals();
        if (r >= 0)
                r = read_spec(&s, &error);
        if (request->flags & SPAWN_PLAN) {
                if (r >= 0)
                        r = make_plan(&s, &error);
                return r < 0 ? print_plan_failure(&s, r, &error) : print_plan(&s);
        }
        if (r < 0)
                return log_failure(r, &error, "starting a supervisor"), EXIT_FAILURE;

        /* From here on a failure is kept in s.error, and told once the scope is there. */
        planned = make_plan(&s, &s.error);

        (void) setsid();
        title_set(title, s.spec->name);
        unit = str_format("berth-%s.scope", s.spec->name);
        r = unit ? init_state(&s, unit) : -ENOMEM;
        if (r < 0)
                return log_failure(r, NULL, "starting a supervisor"), EXIT_FAILURE;

        room = trim_reserve();
        /* As in a unit of somebody else's: the leader is born where it belongs. */
        if (planned >= 0 && request->flags & SPAWN_PLACED)
                planned = starting_take_place(&s, &s.error);
        if (planned >= 0)
                (void) build(&s, &s.error);
        s.devices = fd_close(s.devices);
        prepare_loop(&s);
        if (s.loop_result < 0)
                return log_failure(s.loop_result, &s.loop_error, s.spec->name), EXIT_FAILURE;
        free(TAKE_PTR(room));
        r = s.birth ? add_leader(&s, &error) : 0;
        if (r >= 0)
                r = sd_event_loop(s.event);
        if (r < 0)
                return log_failure(r, &error, s.spec->name), EXIT_FAILURE;
        return EXIT_SUCCESS;
}

/* In a unit of somebody else's */

/* The status that a foreground run ends with. */
static int exit_status(const Supervisor *s) {
        if (error_is_set(&s->error))
                return error_kind_to_exit_status(s->error.kind);
        /* Ended by a signal because it was told to: that is what a stop and a kill are for, and no failure of the unit. */
        if (s->state.stopped && s->state.result == RESULT_SIGNAL)
                return EXIT_SUCCESS;
        return s->state.result == RESULT_EXITED ? s->state.status : 128 + s->state.status;
}

static int run_in_unit(Supervisor *s, Error *error) {
        int r = starting_take_place(s, error);

        if (r >= 0)
                r = build(s, error);
        if (r < 0)
                return r;
        prepare_loop(s);
        if (s->loop_result < 0) {
                *error = s->loop_error;
                s->loop_error = ERROR_NULL;
                return s->loop_result;
        }
        r = add_leader(s, error);
        if (r < 0)
                return r;

        supervisor_dispatch(s, EVENT_SCOPE_READY);
        r = sd_event_loop(s->event);
        return r < 0 ? error_set_errno(error, r, "running the event loop of", s->spec->name) : 0;
}

static int prepare_in_unit(Supervisor *s, Preparation *p, Error *error) {
        int r;

        s->spec = TAKE_PTR(p->spec);
        s->run_dir = fd_dup(p->entry.dir);
        s->tree = TAKE_FD(p->tree);
        s->locks[0] = fd_dup(p->entry.lock);
        s->locks[1] = TAKE_FD(p->range_lock);
        s->locks[3] = TAKE_FD(p->address_lock);
        s->namespaces = p->namespaces;
        p->namespaces = NAMESPACES_NULL;
        for (int i = 0; i < 3; i++)
                s->stdio[i] = fd_dup(i);

        r = make_plan(s, error);
        if (r >= 0)
                r = cgroup_open_own(&s->cgroup, error);
        if (r < 0)
                return r;
        r = init_state(s, strrchr(s->cgroup.path, '/') + 1);
        return r < 0 ? error_set_errno(error, r, "writing the state of", s->spec->name) : 0;
}

/* SPEC is the caller's only where it succeeds. */
static int apply_files(Spec *spec, Error *error) {
        _cleanup_spec_ Spec *owned = spec;
        _cleanup_strv_free_ char **warnings = NULL;
        _cleanup_free_ char *name = NULL;
        bool found;
        int r;

        name = spec->name ? strdup(spec->name) : name_from_tree(strempty(spec->root));
        if (!name)
                return error_oom(error);
        r = settings_files_apply(settings_folders, name, spec->root, spec, &found, &warnings, error);
        STRV_FOREACH(warning, warnings)
                log_warning("%s", *warning);
        if (r >= 0)
                owned = NULL;
        return r;
}

/* Likewise. */
static int make_tree(Spec *spec, Error *error) {
        int r = template_make(spec, error);

        if (r < 0)
                spec_free(spec);
        return r;
}

/* Nobody else may be there to see that we were the last on the network. */
static void leave_network(Supervisor *s) {
        _cleanup_error_ Error error = ERROR_NULL;
        int r;

        if (s->managed || s->locks[3] < 0)
                return;
        s->locks[3] = fd_close(s->locks[3]);
        r = network_sweep(&error);
        if (r < 0)
                (void) log_failure(r, &error, NULL);
}

/* Those of a unit with socket activation, for the payload and for nobody else (sd_listen_fds(3)). */
static int take_sockets(Supervisor *s, Error *error) {
        const char *names = getenv("LISTEN_FDNAMES");
        int n = names && str_replace(&s->socket_names, names) < 0 ? -ENOMEM : sd_listen_fds(/* unset_environment= */ true);

        if (n < 0)
                return error_set_errno(error, n, "taking the unit's sockets", NULL);
        s->n_sockets = (unsigned) n;
        return 0;
}

int supervisor_main_keep_unit(Spec *spec, bool plan_only, const Title *title) {
        _cleanup_preparation_ Preparation preparation = PREPARATION_NULL;
        _cleanup_supervisor_ Supervisor s;
        _cleanup_error_ Error error = ERROR_NULL;
        int r;

        supervisor_init(&s);
        s.keep_unit = true;

        r = block_signals();
        if (r >= 0)
                r = take_sockets(&s, &error);
        if (r >= 0)
                r = apply_files(spec, &error);
        if (r >= 0 && !plan_only)
                r = make_tree(spec, &error);
        if (r >= 0)
                r = prepare(&places_default, spec, plan_only ? PREPARE_PLAN : PREPARE_WAIT, &preparation, &error);
        if (r >= 0)
                r = prepare_in_unit(&s, &preparation, &error);
        if (r >= 0 && plan_only)
                return print_plan(&s);
        if (r >= 0)
                title_set(title, s.spec->name);
        if (r >= 0)
                r = unit_limits_apply(s.state.unit, s.spec, &error);
        if (r >= 0)
                r = run_in_unit(&s, &error);
        if (r < 0) {
                (void) log_failure(r, &error, NULL);
                leave_network(&s);
                return error_kind_to_exit_status(error.kind);
        }
        if (error_is_set(&s.error))
                (void) log_failure(-EIO, &s.error, NULL);

        if (s.announcement)
                keep_unit_withdraw(s.spec->name);

        leave_network(&s);

        /* A manager that knew us collects the entry, and tells its clients; otherwise it is ours to take along. */
        if (s.managed)
                preparation_done(&preparation);
        return exit_status(&s);
}
