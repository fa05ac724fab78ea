/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "start.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clone.h"
#include "drop-ins.h"
#include "fd-util.h"
#include "kept.h"
#include "log.h"
#include "machine-bus.h"
#include "name.h"
#include "operation.h"
#include "property.h"
#include "ready-scope.h"
#include "scope.h"
#include "spawner.h"
#include "string-util.h"
#include "strv.h"
#include "task.h"
#include "timeline-bus.h"
#include "trash.h"
#include "unit-file.h"
#include "unregister.h"

/* From the supervisor's birth to the payload's. */
#define START_USEC (90 * USEC_PER_SEC)
/* How long a supervisor that failed, or was told to give up, may take to end. */
#define UNDO_USEC (5 * USEC_PER_SEC)

/*
 * Starts that are under way at once: more would not be faster, and each has a call to systemd outstanding, of which
 * dbus-daemon allows 128 per connection (max_replies_per_connection).
 */
enum { TURNS_MAX = 48 };

struct Start {
        Operation operation;
        size_t step;             /* the one that is done, or waited in */
        sd_bus_message *call;    /* holds the standard descriptors, too */
        RunRequest request;      /* its spec is gone once it is prepared */
        char *wanted;            /* the name that it is given, or would like to have */
        sd_event_source *timer;
        sd_bus_slot *types;

        Preparation preparation;
        Machine *machine;        /* from when the name is ours */
        int link, session, session_peer, link_peer;
        int devices, devices_peer; /* of an image: until the supervisor has its devices */
        sd_event_source *devices_source;

        bool waits_for_turn;
        bool has_turn;
        bool picks_name;
        bool in_a_row;           /* see ready-scope.h */
        ReadyScope *ready;       /* until its supervisor has our machine */
        bool cloned;             /* the tree is there, or was from the beginning */
        bool requested;          /* the spawner has not answered */
        PidRef supervisor;       /* until the machine watches it */
        bool launched;
        Scope *scope;            /* until it is there, or never will be */
        bool scope_ready;
        sd_bus_slot *start_call;
        uint32_t leader;         /* the supervisor says that the payload was executed: as this process */
        bool late;               /* the supervisor did not answer in time */
        bool gone;               /* the supervisor */

        Timeline timeline;       /* of our steps, where the caller measures */
        int failure;             /* negative errno: it is being undone */
        Error error;
};

static const char what[] = "starting the machine";

static void start_advance(Start *s);
static void start_undo(Start *s);
static void give_turn(Manager *manager);

static void drop_pairs(Start *s) {
        fd_close_many((int[]){ s->link, s->link_peer, s->session, s->session_peer, s->devices, s->devices_peer }, 6);
        s->link = s->link_peer = s->session = s->session_peer = s->devices = s->devices_peer = -EBADF;
}

static void start_free(Operation *operation) {
        Start *s = (Start *) operation;
        Manager *manager = operation->manager;

        if (s->machine)
                s->machine->start = NULL;
        sd_event_source_disable_unref(s->timer);
        sd_bus_slot_unref(s->types);
        sd_bus_slot_unref(s->start_call);
        sd_event_source_disable_unref(s->devices_source);
        scope_free(s->scope);
        ready_scope_give_back(s->ready);
        pidref_done(&s->supervisor);
        preparation_done(&s->preparation);
        drop_pairs(s);
        spec_free(s->request.spec);
        spec_free(s->request.given);
        strv_free(s->request.warnings);
        free(s->wanted);
        sd_bus_message_unref(s->call);
        error_done(&s->error);
        timeline_done(&s->timeline);
        if (s->has_turn) {
                manager->n_turns--;
                give_turn(manager);
        }
        operation_end(&s->operation);
        free(s);
}

static int set_timer(Start *s, uint64_t usec, sd_event_time_handler_t handler) {
        s->timer = sd_event_source_disable_unref(s->timer);
        return sd_event_add_time_relative(s->operation.manager->event, &s->timer, CLOCK_MONOTONIC, usec, 0, handler, s);
}

bool start_is_undoing(const Start *s) {
        return s->failure < 0;
}

static const char *start_name(const Start *s) {
        return s->machine ? machine_name(s->machine) : s->request.spec ? s->request.spec->name : NULL;
}

/* Failure and undoing */

static void kill_supervisor(Start *s) {
        if (s->machine && pidref_is_set(&s->machine->supervisor))
                (void) pidref_kill(&s->machine->supervisor, SIGKILL);
}

static int on_undo_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        kill_supervisor(userdata);
        return 0;
}

/* The first failure is the one that the caller hears of. */
static void start_fail(Start *s, int r, const Error *error) {
        if (s->failure >= 0) {
                s->failure = r;
                if (error_is_set(error)) {
                        _cleanup_free_ char *text = error_render(error);

                        error_set_rendered(&s->error, error->kind, -r, text ? text : errno_text(r));
                } else
                        error_set_errno(&s->error, r, what, start_name(s));
                (void) set_timer(s, UNDO_USEC, on_undo_timer);
        }
        start_undo(s);
}

static void start_fail_with(Start *s, ErrorKind kind, const char *reason) {
        _cleanup_error_ Error error = ERROR_NULL;
        int r = error_set(&error, kind, EIO, what, start_name(s), "%s", reason);

        start_fail(s, r, &error);
}

/* Nothing of it lives any more: takes away what is written down. */
static void clear_up(Start *s) {
        Manager *manager = s->operation.manager;
        _cleanup_free_ char *text = error_render(&s->error);
        Machine *machine = TAKE_PTR(s->machine);

        log_warning("machine '%s' was not started: %s", machine ? machine_name(machine) : s->wanted, strempty(text));
        if (!machine) {
                preparation_undo(&s->preparation);
                return;
        }

        machine->start = NULL;
        if (machine->kept && !s->request.kept) {
                (void) kept_discard(manager, machine_name(machine));
                machine->kept = false;
        }
        preparation_done(&s->preparation);
        machine_collect(machine, text);
}

/* Goes as far as things are: the spawner has answered, the scope is there or never will be, the supervisor is gone. */
static void start_undo(Start *s) {
        if (s->requested || s->scope)
                return;
        if (s->machine && pidref_is_set(&s->machine->supervisor) && !s->gone)
                return;

        clear_up(s);
        reply_error(s->call, s->failure, &s->error);
        start_free(&s->operation);
}

/* The steps. Each makes something so; 1 while it waits, to be done again then. */

static int on_name_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        start_fail_with(userdata, ERROR_MACHINE_EXISTS, "the machine that has the name does not end");
        return 0;
}

/* As long as that machine may take to stop. */
static int wait_for_name(Start *s, Machine *machine) {
        const Spec *spec = machine_spec(machine, NULL);
        uint64_t usec = SPEC_STOP_MARGIN_USEC, stop_usec = spec ? spec->timeout_stop_usec : 0;

        if (stop_usec >= USEC_INFINITY / 4)
                return 1;
        return set_timer(s, usec + stop_usec, on_name_timer) < 0 ? -ENOMEM : 1;
}

/* Nobody has it; but the scope of one who had it may be in the way. */
static void make_way(const Start *s) {
        const Machine *machine = manager_find(s->operation.manager, s->wanted);

        if (!machine || !machine->present)
                scope_make_way(s->operation.manager->systemd, s->wanted);
}

/* One that ends is waited for: what was asked for right after a stop shall work. */
static int check_name(Start *s, Error *error) {
        static const char step[] = "taking the machine name";
        const char *name = s->request.spec->name;
        Machine *machine = name ? manager_find(s->operation.manager, name) : NULL;
        bool kept = s->request.kept;

        s->timer = sd_event_source_disable_unref(s->timer);
        if (unregister_is_pending(s->operation.manager, s->wanted))
                return 1;
        if (!machine)
                return kept ? error_set(error, ERROR_NO_SUCH_MACHINE, ENOENT, step, name, "there is no such machine any more")
                            : 0;

        if (machine->present && machine_is_ending(machine) && (kept || !machine->kept))
                return wait_for_name(s, machine);
        if (machine->present)
                return error_set(error, kept ? ERROR_MACHINE_RUNNING : ERROR_MACHINE_EXISTS, EEXIST, step, name,
                                 "a machine of this name is running");
        if (!kept)
                return error_set(
                        error, ERROR_MACHINE_EXISTS, EEXIST, step, name,
                        "there is a stopped machine of this name: run it with 'berth start %s' or remove it with 'berth rm %s'",
                        name, name);
        return 0;
}

static int claim_name(Start *s, Error *error) {
        int r = check_name(s, error);

        if (r == 0 && !s->ready)
                make_way(s);
        return r;
}

static void on_types(void *userdata, int r, const Error *error) {
        Start *s = userdata;

        s->types = sd_bus_slot_unref(s->types);
        if (r < 0)
                start_fail(s, r, error);
        else
                start_advance(s);
}

/* Before anything is made: a property that can't be written costs nothing then. */
static int check_properties(Start *s, Error *error) {
        Systemd *systemd = s->operation.manager->systemd;
        int r = property_check_spec(systemd, s->request.spec, error);

        if (r < 0)
                return r;
        if (property_spec_needs_types(systemd, s->request.spec) && !systemd_has_types(systemd)) {
                r = systemd_load_types(systemd, on_types, s, &s->types);
                return r < 0 ? error_set_errno(error, r, what, NULL) : 1;
        }
        return s->request.spec->property || s->request.spec->devices ? scope_check(systemd, s->request.spec, error) : 0;
}

static void on_cloned(void *userdata, int r, uint64_t number, const Error *error) {
        Start *s = userdata;

        if (r < 0)
                start_fail(s, r, error);
        else
                start_advance(s);
}

/* Nobody's turn is kept for it: a tree may be big. */
static int make_tree(Start *s, Error *error) {
        if (s->cloned)
                return 0;
        s->cloned = true;
        return template_begin(s->operation.manager, s->request.spec, on_cloned, s, error);
}

static int on_wake(sd_event_source *source, uint64_t usec, void *userdata) {
        start_advance(userdata);
        return 0;
}

/* From the loop and not at once: whoever tells us is in the middle of something. */
static void start_wake(Start *s) {
        if (set_timer(s, 0, on_wake) < 0)
                start_fail_with(s, ERROR_FAILED, errno_text(ENOMEM));
}

/* One that had to wait begins once more, for its name may be somebody else's by now. */
static int take_turn(Start *s, Error *error) {
        Manager *manager = s->operation.manager;

        s->waits_for_turn = !s->has_turn && manager->n_turns >= TURNS_MAX;
        if (s->waits_for_turn)
                return 1;
        if (!s->has_turn)
                manager->n_turns++;
        s->has_turn = true;
        return 0;
}

/* To the one that has waited longest: the last of the list. */
static void give_turn(Manager *manager) {
        Start *oldest = NULL;

        for (Operation *o = manager->operations; o; o = o->next)
                if (o->kind == OPERATION_START && ((Start *) o)->waits_for_turn)
                        oldest = (Start *) o;
        if (!oldest)
                return;

        oldest->waits_for_turn = false;
        oldest->has_turn = true;
        oldest->step = 0;
        manager->n_turns++;
        start_wake(oldest);
}

static int prepare_entry(Start *s, Error *error) {
        const char *root = s->request.spec->root;

        if (root && task_is_on(s->operation.manager, root))
                return error_set(error, ERROR_IMAGE_IN_USE, EBUSY, "opening the tree", root, "it is being changed or removed");
        if (s->ready && str_replace(&s->request.spec->name, ready_scope_name(s->ready)) < 0)
                return error_oom(error);
        return prepare(s->operation.manager->places, TAKE_PTR(s->request.spec), s->request.kept ? 0 : PREPARE_NEW,
                       &s->preparation, error);
}

/* One user's machines are not to use up what all have together: names, ranges of ids, loop devices. */
static int check_owner(Start *s, Error *error) {
        Manager *manager = s->operation.manager;
        uint32_t owner = s->request.spec->owner;
        size_t n = 0;

        if (owner == 0)
                return 0;
        for (size_t i = 0; i < manager->n_machines; i++)
                n += manager->machines[i]->present && manager->machines[i]->state.owner == owner;
        return n < manager->machines_per_user ? 0
                                              : error_set(error, ERROR_LIMIT_REACHED, EDQUOT, what, start_name(s),
                                                          "%zu machines of this user run, which is the most", n);
}

static int make_machine(Start *s, Error *error) {
        Manager *manager = s->operation.manager;
        const Spec *spec = s->preparation.spec;
        _cleanup_state_ State state = STATE_NULL;
        int r;

        s->machine = manager_find(manager, spec->name);
        r = machine_first_state(spec, &state);
        if (r >= 0 && !s->machine)
                r = machine_new(manager, spec->name, &s->machine);
        if (r == -ENOSPC)
                return error_set(error, ERROR_LIMIT_REACHED, ENOSPC, what, spec->name, "there are %i machines, which is the most",
                                 MACHINES_MAX);
        if (r < 0)
                return error_set_errno(error, r, what, spec->name);

        s->machine->start = s;
        s->machine->present = true;
        s->machine->stopped = false;
        s->machine->unregistered = true;
        machine_drop_spec(s->machine);
        machine_set_state(s->machine, &state);
        return 0;
}

/* Before it runs: a manager that is killed in between leaves a machine that never ran, and not one that is lost when it ends. */
static int keep_settings(Start *s, Error *error) {
        Manager *manager = s->operation.manager;
        const Spec *spec = s->preparation.spec, *given = s->request.given;
        int r;

        if (s->request.kept || spec->remove)
                return 0;
        if (given && str_replace(&s->request.given->name, spec->name) < 0)
                return error_oom(error);
        s->machine->kept = true;
        /* Without what files say: they are read again at each start. */
        r = kept_write_spec(manager->kept_dir, spec->name, given ? given : spec);
        if (r < 0)
                return error_set_errno(error, r, "keeping the settings", spec->name);
        unit_file_update(manager, spec->name);
        return 0;
}

static int make_pair(int *ret_ours, int *ret_peer, Error *error) {
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
                return error_set_errno(error, negative_errno(), "making a socket", NULL);
        *ret_ours = pair[0];
        *ret_peer = pair[1];
        return 0;
}

/* The other sides are the supervisor's alone from now on, and so is the lock of its entry. */
static void drop_handed_over(Start *s) {
        s->link_peer = fd_close(s->link_peer);
        s->devices_peer = fd_close(s->devices_peer);
        s->session_peer = fd_close(s->session_peer);
        s->preparation.range_lock = fd_close(s->preparation.range_lock);
        s->preparation.address_lock = fd_close(s->preparation.address_lock);
        s->preparation.tree = fd_close(s->preparation.tree);
        namespaces_done(&s->preparation.namespaces);
        entry_done(&s->preparation.entry);
}

static void on_spawned(void *userdata, int pidfd) {
        Start *s = userdata;
        int r;

        s->requested = false;
        if (pidfd >= 0)
                drop_handed_over(s);
        r = pidfd < 0 ? pidfd : pidref_from_pidfd_consume(pidfd, &s->supervisor);
        if (pidfd < 0 && s->ready) {
                /* Somebody killed it. Its scope will be in the way for as long as it takes systemd to see that. */
                ready_scope_give_back(TAKE_PTR(s->ready));
                drop_pairs(s);
                start_advance(s);
        } else if (r < 0)
                start_fail_with(s, ERROR_START_FAILED, r == -ESRCH ? "the supervisor ended at once" : errno_text(r));
        else
                start_advance(s);
}

/* An image takes loop devices, which nobody in the scope may open: the scope has to wait for them. A directory does not. */
static int watch_devices(Start *s, Error *error) {
        int pair[2];
        struct stat st;

        if (s->preparation.spec->disk_max == 0 && (fstat(s->preparation.tree, &st) < 0 || S_ISDIR(st.st_mode)))
                return 0;
        if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
                return error_set_errno(error, negative_errno(), "making a pipe", NULL);
        s->devices = pair[0];
        s->devices_peer = pair[1];
        return 0;
}

static SpawnFlags spawn_flags(const Start *s) {
        const NamespaceChoice *pid = &s->preparation.spec->namespaces[NAMESPACE_PID];

        if (s->ready)
                return SPAWN_RESERVED | (ready_scope_is_made(s->ready) ? SPAWN_PLACED : 0);
        return pid->mode == NAMESPACE_PRIVATE ? 0 : SPAWN_HOST_PIDS;
}

static int spawn_supervisor(Start *s, Error *error) {
        int r;

        if (pidref_is_set(&s->supervisor))
                return 0;

        r = make_pair(&s->link, &s->link_peer, error);
        if (r >= 0)
                r = make_pair(&s->session, &s->session_peer, error);
        if (r >= 0)
                r = watch_devices(s, error);
        if (r < 0)
                return r;

        r = spawner_request(s->operation.manager->spawner,
                            &(SpawnRequest){
                                    .flags = spawn_flags(s),
                                    .run_dir = s->preparation.entry.dir,
                                    .tree = s->preparation.tree,
                                    .name_lock = s->preparation.entry.lock,
                                    .range_lock = s->preparation.range_lock,
                                    .address_lock = s->preparation.address_lock,
                                    .link = s->link_peer,
                                    .session = s->session_peer,
                                    .stdin_fd = s->request.standard_fds[0],
                                    .stdout_fd = s->request.standard_fds[1],
                                    .stderr_fd = s->request.standard_fds[2],
                                    .devices = s->devices_peer,
                                    .terminal_size = s->request.terminal_size,
                                    .namespaces = s->preparation.namespaces,
                            },
                            on_spawned, s);
        if (r < 0)
                return error_set_errno(error, r, "starting the supervisor", machine_name(s->machine));
        s->requested = true;
        return 1;
}

/* The last that the supervisor hears from the start, hence the time when our time line goes along. */
static void tell_scope(Start *s, int r, const Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_free_ char *text = r < 0 ? error_render(error) : NULL;
        Link *link = s->machine->link;
        bool made = r >= 0;

        if (!link)
                return;
        timeline_mark(&s->timeline, "berthd: systemd has made the scope");
        r = link_new_call(link, made ? "ScopeReady" : "ScopeFailed", &m);
        if (r >= 0)
                r = made ? timeline_append_bus(m, &s->timeline) : sd_bus_message_append(m, "s", strempty(text));
        if (r >= 0)
                r = link_call(link, m, 0, NULL, NULL, NULL);
        if (r < 0)
                kill_supervisor(s);
}

/* The supervisor waits for this word, also where it has failed: only now may it end. */
static void on_scope(void *userdata, int r, const Error *error) {
        Start *s = userdata;

        s->scope = scope_free(s->scope);
        s->scope_ready = r >= 0;
        tell_scope(s, r, error);

        /* One that died before its scope was complete leaves it active and empty. */
        if (s->gone && r >= 0)
                (void) systemd_stop_unit(s->operation.manager->systemd, s->machine->state.unit);

        if (r < 0)
                start_fail(s, r, error);
        else if (start_is_undoing(s))
                start_undo(s);
        else
                start_advance(s);
}

static int on_running(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const sd_bus_error *e = sd_bus_message_get_error(m);
        _cleanup_error_ Error error = ERROR_NULL;
        Start *s = userdata;
        int r;

        s->start_call = sd_bus_slot_unref(s->start_call);

        /* sd-bus's own words for the end of the connection, or of its patience: what to say we know when the supervisor is gone. */
        if (sd_bus_error_has_name(e, SD_BUS_ERROR_NO_REPLY)) {
                s->late = true;
                kill_supervisor(s);
                return 0;
        }

        r = e ? error_from_bus(&error, e) : sd_bus_message_read(m, "u", &s->leader);
        if (r < 0)
                start_fail(s, r, &error);
        else if (!start_is_undoing(s))
                start_advance(s);
        return 0;
}

static int ask_for_scope(Start *s, Error *error) {
        int r = scope_start(s->operation.manager->systemd, s->preparation.spec, s->machine->supervisor.pid, on_scope, s,
                            &s->scope, error);

        if (r < 0)
                tell_scope(s, r, error);
        else
                timeline_mark(&s->timeline, "berthd: supervisor told, scope asked for");
        return r;
}

/* There is one already, or it is on its way. */
static int use_ready_scope(Start *s) {
        int r = ready_scope_use(TAKE_PTR(s->ready), s->preparation.spec, on_scope, s, &s->scope);

        timeline_mark(&s->timeline, "berthd: supervisor told, its scope was asked for before");
        if (r > 0) {
                s->scope_ready = true;
                tell_scope(s, 0, NULL);
        }
        return r;
}

/* It has them, or is gone, which its pidfd tells. */
static int on_devices(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        _cleanup_error_ Error error = ERROR_NULL;
        Start *s = userdata;
        int r;

        s->devices_source = sd_event_source_disable_unref(s->devices_source);
        if (start_is_undoing(s))
                return 0;
        r = ask_for_scope(s, &error);
        if (r < 0)
                start_fail(s, r, &error);
        return 0;
}

/* How long the supervisor may take until it runs: one that is to say that it is ready has a time of its own for that. */
static uint64_t running_usec(const Spec *spec) {
        if (!spec->notify_ready)
                return START_USEC;
        return spec->timeout_start_usec >= USEC_INFINITY - START_USEC ? USEC_INFINITY : spec->timeout_start_usec + START_USEC;
}

/* Both at once: the supervisor sets the machine up while systemd makes the scope. */
static int launch(Start *s, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Machine *machine = s->machine;
        int r;

        if (s->launched)
                return s->scope_ready && s->leader ? 0 : 1;
        s->launched = true;

        r = machine_watch(machine, &s->supervisor);
        if (r >= 0)
                r = machine_link(machine, TAKE_FD(s->link));
        if (r >= 0)
                r = link_new_call(machine->link, "Start", &m);
        if (r >= 0)
                r = link_call(machine->link, m, running_usec(s->preparation.spec), on_running, s, &s->start_call);
        if (r < 0) {
                kill_supervisor(s);
                /* Where its end can't be watched, it can't be waited for either. */
                if (!machine->supervisor_source)
                        pidref_done(&machine->supervisor);
                return error_set_errno(error, r, what, machine_name(machine));
        }

        r = s->ready ? use_ready_scope(s) : -ENOENT;
        if (r < 0 && s->devices < 0)
                r = ask_for_scope(s, error);
        else if (r < 0) {
                r = sd_event_add_io(s->operation.manager->event, &s->devices_source, s->devices, EPOLLIN, on_devices, s);
                if (r < 0)
                        error_set_errno(error, r, what, machine_name(machine));
        }
        if (r < 0)
                return r;

        /* Now, when we would only wait: the signals take as long as reading the settings again. */
        machine_bus_announce(machine);
        return 1;
}

static int answer(Start *s, Error *error) {
        Machine *machine = s->machine;
        int r;

        machine_refresh_starting(machine);

        if (s->request.kept)
                r = sd_bus_reply_method_return(s->call, "oh", machine->path, s->session);
        else
                r = sd_bus_reply_method_return(s->call, "soh", machine_name(machine), machine->path, s->session);
        if (r < 0)
                log_debug("the caller of machine '%s' was not told that it runs: %s", machine_name(machine), errno_text(r));

        if (s->picks_name)
                ready_scope_expect(s->operation.manager, s->preparation.spec, s->in_a_row);
        /* The first transient unit of all may have made systemd's folder. */
        drop_ins_watch(s->operation.manager);

        machine_register_soon(machine);
        return 0;
}

static const struct {
        const char *what;        /* for the time line, when it is done */
        int (*run)(Start *s, Error *error);
} steps[] = {
        { "berthd: the name is free", claim_name },
        { "berthd: properties are valid", check_properties },
        { "berthd: its tree is there", make_tree },
        { "berthd: its turn has come", take_turn },
        { "berthd: its user may have one more", check_owner },
        { "berthd: spec resolved, entry made, tree open", prepare_entry },
        { "berthd: the machine is in the table", make_machine },
        { "berthd: settings kept", keep_settings },
        { "berthd: supervisor forked", spawn_supervisor },
        { "berthd: it runs", launch },
        { "berthd: answered", answer },
};

static void start_advance(Start *s) {
        while (s->step < ELEMENTSOF(steps)) {
                _cleanup_error_ Error error = ERROR_NULL;
                int r = steps[s->step].run(s, &error);

                if (r < 0) {
                        start_fail(s, r, &error);
                        return;
                }
                if (r > 0)
                        return;
                timeline_mark(&s->timeline, steps[s->step].what);
                s->step++;
        }
        start_free(&s->operation);
}

int start_begin(Call *call, Error *error) {
        Manager *manager = call->operation.manager;
        RunRequest *request = call->data;
        Start *s = calloc(1, sizeof(Start));
        int r;

        if (!s)
                return error_oom(error);
        *s = (Start){
                .call = sd_bus_message_ref(call->message),
                .request = *request,
                .preparation = PREPARATION_NULL,
                .link = -EBADF, .link_peer = -EBADF, .session = -EBADF, .session_peer = -EBADF,
                .devices = -EBADF, .devices_peer = -EBADF,
                .supervisor = PIDREF_NULL,
                .error = ERROR_NULL,
        };
        s->picks_name = !s->request.spec->name && !s->request.kept;
        s->ready = s->picks_name ? ready_scope_take(manager, s->request.spec) : NULL;
        s->in_a_row = ready_scope_is_in_a_row(manager);
        /* With a scope that is there nothing moves; who waits for a grace period would only be in its way. */
        if (!s->ready || (s->in_a_row && grace_period_is_kept(manager->grace_period)))
                grace_period_begin(manager->grace_period);
        request->spec = request->given = NULL;
        request->warnings = NULL;
        s->timeline.begin = s->request.spec->timing_usec;
        timeline_mark(&s->timeline, "berthd: call read and authorized");
        s->wanted = s->request.spec->name ? strdup(s->request.spec->name) : name_from_tree(strempty(s->request.spec->root));

        r = s->wanted ? operation_begin(&s->operation, manager, OPERATION_START, start_free, error) : error_oom(error);
        if (r < 0) {
                start_free(&s->operation);
                return r;
        }
        operation_inherit(&s->operation, &call->operation);
        start_advance(s);
        return 0;
}

/* Events of others */

void start_on_name_free(Start *s, const char *name) {
        if (s->step == 0 && !start_is_undoing(s) && streq(s->wanted, name))
                start_wake(s);
}

void start_on_supervisor_gone(Start *s) {
        _cleanup_free_ char *reason = NULL;
        const char *guess = s->late ? "its supervisor ended or did not answer" : "its supervisor was killed";

        s->gone = true;
        pidref_done(&s->machine->supervisor);
        if (start_is_undoing(s)) {
                start_undo(s);
                return;
        }

        /* It may have written down what it could not say any more. */
        reason = machine_peek_reason(s->machine);
        start_fail_with(s, ERROR_START_FAILED, reason ? reason : guess);
}

void start_on_link_lost(Start *s) {
        /* With the link it has lost its only way to answer. */
        kill_supervisor(s);
}
