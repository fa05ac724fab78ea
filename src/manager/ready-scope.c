/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ready-scope.h"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include "clock.h"
#include "log.h"
#include "manager.h"
#include "name.h"
#include "spawner.h"
#include "string-util.h"

/* Starts that are no further apart are regular; and one that is ready is kept for as long. */
#define REGULAR_USEC (10 * USEC_PER_SEC)
/* A start that begins so soon after the last one was answered: there was hardly time to make its scope, unless no move had to wait. */
#define ROW_USEC (50 * USEC_PER_MSEC)
/*
 * After a start, where a move has to wait: who waits there holds a lock that the machine would need to end (cgroup_mutex). It has
 * ended, or is one that lasts.
 */
#define QUIET_USEC (100 * USEC_PER_MSEC)

typedef enum Stage {
        STAGE_EXPECTED,          /* there is time */
        STAGE_RESERVING,         /* the spawner was asked for its supervisor */
        STAGE_MAKING,            /* and systemd for the scope */
        STAGE_READY,
        STAGE_FAILED,            /* whoever has taken it will see */
} Stage;

struct ReadyScope {
        Manager *manager;
        Spec *spec;              /* that it was made for: all but its name is an earlier machine's */
        Stage stage;
        PidRef supervisor;
        bool taken;              /* by a start: the one that the spawner has reserved is spoken for, so there can be no other */
        bool used;               /* the supervisor has its machine */
        bool in_a_row;           /* the next start may come at once */
        Scope *scope;            /* while systemd makes it */
        sd_event_source *timer;
};

ReadyScope *ready_scope_free(ReadyScope *ready) {
        if (!ready)
                return NULL;

        if (ready->manager->ready_scope == ready)
                ready->manager->ready_scope = NULL;
        /* While the scope is being made it ends by itself as soon as it may, for its spawner has left it (starting_await_scope()). */
        if (!ready->used && ready->stage != STAGE_MAKING && pidref_is_set(&ready->supervisor))
                (void) pidref_kill(&ready->supervisor, SIGKILL);
        sd_event_source_disable_unref(ready->timer);
        scope_free(ready->scope);
        pidref_done(&ready->supervisor);
        spec_free(ready->spec);
        free(ready);
        return NULL;
}

static void ready_scope_fail(ReadyScope *ready) {
        ready->stage = STAGE_FAILED;
        if (!ready->taken)
                ready_scope_free(ready);
}

static int set_timer(ReadyScope *ready, uint64_t usec, sd_event_time_handler_t handler) {
        ready->timer = sd_event_source_disable_unref(ready->timer);
        return sd_event_add_time_relative(ready->manager->event, &ready->timer, CLOCK_MONOTONIC, usec, 0, handler, ready);
}

static int on_nobody_came(sd_event_source *source, uint64_t usec, void *userdata) {
        ReadyScope *ready = userdata;

        /* Not in the middle of it, for what is left then is a scope with nobody in it. */
        if (ready->taken || ready->stage != STAGE_READY)
                return set_timer(ready, REGULAR_USEC, on_nobody_came);
        ready_scope_free(ready);
        return 0;
}

static bool is_alive(const ReadyScope *ready) {
        return poll(&(struct pollfd){ .fd = ready->supervisor.fd, .events = POLLIN }, 1, 0) == 0;
}

static void on_scope(void *userdata, int r, const Error *error) {
        ReadyScope *ready = userdata;

        ready->scope = scope_free(ready->scope);
        ready->stage = STAGE_READY;
        if (r >= 0 && is_alive(ready))
                return;

        /* One that died before its scope was complete leaves it active and empty. */
        if (r >= 0)
                scope_make_way(ready->manager->systemd, ready->spec->name);
        else
                log_debug("no scope was made ready: %s", errno_text(r));
        ready_scope_fail(ready);
}

static void on_reserved(void *userdata, int pidfd) {
        _cleanup_error_ Error error = ERROR_NULL;
        ReadyScope *ready = userdata;
        int r;

        r = pidfd < 0 ? pidfd : pidref_from_pidfd_consume(pidfd, &ready->supervisor);
        if (r >= 0)
                r = scope_start(ready->manager->systemd, ready->spec, ready->supervisor.pid, on_scope, ready, &ready->scope,
                                &error);
        if (r < 0) {
                ready_scope_fail(ready);
                return;
        }
        ready->stage = STAGE_MAKING;
}

static int on_time_to_make(sd_event_source *source, uint64_t usec, void *userdata) {
        ReadyScope *ready = userdata;
        SpawnRequest request = SPAWN_REQUEST_NULL;

        if (ready->in_a_row)
                grace_period_begin(ready->manager->grace_period);
        request.flags = SPAWN_RESERVE;
        ready->stage = STAGE_RESERVING;
        if (spawner_request(ready->manager->spawner, &request, on_reserved, ready) < 0 ||
            set_timer(ready, REGULAR_USEC, on_nobody_came) < 0)
                ready_scope_fail(ready);
        return 0;
}

void ready_scope_hurry(Manager *manager) {
        ReadyScope *ready = manager->ready_scope;

        if (ready && ready->stage == STAGE_EXPECTED)
                (void) set_timer(ready, 0, on_time_to_make);
}

/*
 * The name has random digits, which nobody minds with a machine that leaves nothing behind (systemd-nspawn gives them to all that are
 * ephemeral); of others who start them may expect that they are called as their tree is, whenever that name is free.
 */
static bool leaves_nothing(const Spec *spec) {
        return spec->remove && spec->ephemeral;
}

/*
 * Not where a scope would begin to count before its machine is there, as RuntimeMaxSec= in Property= does, nor where it has to wait
 * for devices that its supervisor can open in no scope; and the one that is reserved has a pid namespace.
 */
static bool can_be_early(const Spec *spec) {
        struct stat st;

        if (spec->property || spec->devices || spec->disk_max > 0 || spec->namespaces[NAMESPACE_PID].mode != NAMESPACE_PRIVATE)
                return false;
        return spec->root && stat(spec->root, &st) >= 0 && S_ISDIR(st.st_mode);
}

static bool is_eligible(const Spec *spec) {
        return leaves_nothing(spec) && can_be_early(spec);
}

static int ready_scope_new(Manager *manager, const Spec *spec, ReadyScope **ret) {
        _cleanup_free_ char *stem = name_from_tree(spec->root);
        _cleanup_(ready_scope_freep) ReadyScope *ready = calloc(1, sizeof(ReadyScope));

        if (!ready || !stem)
                return -ENOMEM;
        *ready = (ReadyScope){ .manager = manager, .supervisor = PIDREF_NULL, .spec = spec_copy(spec) };
        if (!ready->spec)
                return -ENOMEM;
        free(ready->spec->name);
        ready->spec->name = name_with_suffix(stem);
        if (!ready->spec->name)
                return -ENOMEM;

        *ret = TAKE_PTR(ready);
        return 0;
}

bool ready_scope_is_in_a_row(const Manager *manager) {
        return now_usec() - manager->ready_scope_usec < ROW_USEC;
}

void ready_scope_expect(Manager *manager, const Spec *spec, bool in_a_row) {
        uint64_t now = now_usec(), last = manager->ready_scope_usec;
        ReadyScope *ready;

        if (manager->leaving || !is_eligible(spec))
                return;
        manager->ready_scope_usec = now;
        if (now - last > REGULAR_USEC || manager->ready_scope || ready_scope_new(manager, spec, &ready) < 0)
                return;

        ready->in_a_row = in_a_row;
        manager->ready_scope = ready;
        if (set_timer(ready, grace_period_is_kept(manager->grace_period) ? 0 : QUIET_USEC, on_time_to_make) < 0)
                ready_scope_free(ready);
}

ReadyScope *ready_scope_take(Manager *manager, const Spec *spec) {
        ReadyScope *ready = manager->ready_scope;

        if (!ready || ready->taken || (ready->stage != STAGE_MAKING && ready->stage != STAGE_READY))
                return NULL;
        if (!is_eligible(spec) || !scope_is_alike(spec, ready->spec))
                return NULL;

        ready->taken = true;
        if (is_alive(ready))
                return ready;
        ready_scope_give_back(ready);
        return NULL;
}

void ready_scope_give_back(ReadyScope *ready) {
        if (!ready)
                return;
        ready->taken = false;
        /* Where it is being made, on_scope() will see. */
        if (ready->stage == STAGE_FAILED || (ready->stage == STAGE_READY && !is_alive(ready)))
                ready_scope_free(ready);
}

const char *ready_scope_name(const ReadyScope *ready) {
        return ready->spec->name;
}

bool ready_scope_is_made(const ReadyScope *ready) {
        return ready->stage == STAGE_READY;
}

int ready_scope_use(ReadyScope *ready, const Spec *spec, ScopeHandler handler, void *userdata, Scope **ret) {
        int r = ready->stage == STAGE_READY ? 1 : ready->stage == STAGE_MAKING ? 0 : -EIO;

        ready->used = true;
        if (r == 0) {
                *ret = TAKE_PTR(ready->scope);
                scope_hand_over(*ret, spec, handler, userdata);
        }
        ready_scope_free(ready);
        return r;
}
