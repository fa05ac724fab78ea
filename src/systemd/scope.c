/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scope.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "device.h"
#include "property.h"
#include "setting.h"
#include "string-util.h"
#include "strv.h"
#include "systemd-internal.h"

/* How long a unit of the same name may take to go away, or systemd to come back. */
#define BLOCKED_USEC (5 * USEC_PER_SEC)
/* How long systemd may take over the job, and how often we look in case its signal got lost. */
#define QUEUED_USEC (30 * USEC_PER_SEC)
#define QUEUED_LOOK_USEC (1 * USEC_PER_SEC)
/* A unit that is going takes about 20 ms (its cgroup's emptiness must be noticed), and says so: look after that only. */
#define BLOCKED_LOOK_USEC (60 * USEC_PER_MSEC)

typedef enum ScopeStage {
        SCOPE_CALLING,   /* StartTransientUnit was sent */
        SCOPE_QUEUED,    /* systemd has a job for it */
        SCOPE_BLOCKED,   /* something is in the way: a unit of the same name, or systemd's absence */
        SCOPE_FINISHED,
} ScopeStage;

struct Scope {
        Systemd *systemd;
        Scope *previous, *next;

        const Spec *spec;
        pid_t supervisor;
        char *unit;
        char *path;              /* of the unit's object */
        char *job;               /* of the job's object, once known */

        ScopeStage stage;
        bool absent;             /* systemd is what is missing */
        uint64_t blocked_until;  /* CLOCK_MONOTONIC: how long to be patient, 0 where it was not needed yet */
        uint64_t queued_until;
        sd_bus_slot *call;
        sd_event_source *timer;

        ScopeHandler handler;
        void *userdata;
};

static const char step[] = "starting the scope";

static void scope_retry(Scope *scope);

Scope *scope_next(Scope *scope) {
        return scope->next;
}

char *scope_unit_name(const char *machine) {
        return str_format("berth-%s.scope", machine);
}

static void scope_link(Scope *scope) {
        Systemd *s = scope->systemd;

        scope->next = s->scopes;
        if (scope->next)
                scope->next->previous = scope;
        s->scopes = scope;
}

static void scope_unlink(Scope *scope) {
        if (scope->previous)
                scope->previous->next = scope->next;
        else if (scope->systemd->scopes == scope)
                scope->systemd->scopes = scope->next;
        if (scope->next)
                scope->next->previous = scope->previous;
        scope->previous = scope->next = NULL;
}

Scope *scope_free(Scope *scope) {
        if (!scope)
                return NULL;

        scope_unlink(scope);
        sd_bus_slot_unref(scope->call);
        sd_event_source_disable_unref(scope->timer);
        free(scope->unit);
        free(scope->path);
        free(scope->job);
        free(scope);
        return NULL;
}

/* Those that are there */

/* One that is not remembered, for lack of memory, only takes longer to go. */
static void remember_made(Systemd *systemd, const char *unit) {
        size_t size = strlen(unit) + 1;
        MadeScope *made = malloc(sizeof(MadeScope) + size);

        if (!made)
                return;
        memcpy(made->unit, unit, size);
        made->next = systemd->made;
        systemd->made = made;
}

void scope_forget_made(Systemd *systemd, const char *unit) {
        for (MadeScope **p = &systemd->made, *made; (made = *p);) {
                if (unit && !streq(made->unit, unit)) {
                        p = &made->next;
                        continue;
                }
                *p = made->next;
                free(made);
        }
}

void scope_make_way(Systemd *systemd, const char *machine) {
        _cleanup_free_ char *unit = scope_unit_name(machine);

        for (const MadeScope *made = systemd->made; made && unit; made = made->next)
                if (streq(made->unit, unit)) {
                        (void) systemd_stop_unit(systemd, unit);
                        return;
                }
}

/* The last thing that happens to a scope: its handler may free it. */
static void scope_finish(Scope *scope, int r, const Error *error) {
        scope->stage = SCOPE_FINISHED;
        if (r >= 0)
                remember_made(scope->systemd, scope->unit);
        scope_unlink(scope);
        scope->call = sd_bus_slot_unref(scope->call);
        scope->timer = sd_event_source_disable_unref(scope->timer);
        scope->handler(scope->userdata, r, error);
}

static void scope_fail(Scope *scope, ErrorKind kind, const char *reason) {
        _cleanup_error_ Error error = ERROR_NULL;
        int r = error_set(&error, kind, EIO, step, scope->unit, "%s", reason);

        scope_finish(scope, r, &error);
}

static void scope_give_up(Scope *scope) {
        if (scope->stage == SCOPE_QUEUED)
                scope_fail(scope, ERROR_REFUSED_BY_SYSTEMD, "systemd did not get its job done in time");
        else if (scope->absent)
                scope_fail(scope, ERROR_NO_SYSTEMD, "systemd is not on the bus");
        else
                scope_fail(scope, ERROR_REFUSED_BY_SYSTEMD, "there is a unit of this name, and it does not go away");
}

/* Calls whose answer says how things are */

static int scope_ask(Scope *scope, sd_bus_message_handler_t handler, const char *member, const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        va_list ap;
        int r;

        scope->call = sd_bus_slot_unref(scope->call);
        r = sd_bus_message_new_method_call(scope->systemd->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, member);
        if (r < 0)
                return r;

        va_start(ap, types);
        r = sd_bus_message_appendv(m, types, ap);
        va_end(ap);
        return r < 0 ? r : sd_bus_call_async(scope->systemd->bus, &scope->call, m, handler, scope, 0);
}

static int scope_order(Scope *scope, const char *member) {
        return sd_bus_call_method_async(scope->systemd->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, member, NULL,
                                        NULL, streq(member, "StopUnit") ? "ss" : "s", scope->unit, "fail");
}

/* Active with nobody in it: its supervisor died before the scope's job was done, so systemd saw no last process leave. */
static int on_processes(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Scope *scope = userdata;

        if (sd_bus_message_is_method_error(m, NULL) || sd_bus_message_enter_container(m, 'a', "(sus)") < 0)
                return 0;
        if (sd_bus_message_at_end(m, false) > 0)
                (void) scope_order(scope, "StopUnit");
        return 0;
}

/* What the unit that is in the way is doing. Unless it ends by itself, it is helped. */
static int on_unit_state(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Scope *scope = userdata;
        const char *state;

        if (sd_bus_message_is_method_error(m, NULL) || sd_bus_message_read(m, "v", "s", &state) < 0)
                return 0;

        if (streq(state, "inactive"))
                scope_retry(scope);
        else if (streq(state, "failed"))
                (void) scope_order(scope, "ResetFailedUnit");
        else if (streq(state, "active") && scope_ask(scope, on_processes, "GetUnitProcesses", "s", scope->unit) < 0)
                scope_fail(scope, ERROR_FAILED, errno_text(ENOMEM));
        return 0;
}

/* Whose unit the supervisor is in by now: the one sure sign that the scope is ours and complete, also where signals or a reply got lost. */
static int on_whereabouts(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Scope *scope = userdata;
        const char *path;
        int r;

        if (!sd_bus_message_is_method_error(m, NULL) && sd_bus_message_read(m, "o", &path) >= 0 && streq(path, scope->path)) {
                scope_finish(scope, 0, &ERROR_NULL);
                return 0;
        }
        if (scope->stage != SCOPE_BLOCKED)
                return 0;

        scope->call = sd_bus_slot_unref(scope->call);
        r = sd_bus_call_method_async(scope->systemd->bus, &scope->call, SYSTEMD_NAME, scope->path,
                                     "org.freedesktop.DBus.Properties", "Get", on_unit_state, scope, "ss",
                                     "org.freedesktop.systemd1.Unit", "ActiveState");
        if (r < 0)
                scope_fail(scope, ERROR_FAILED, errno_text(r));
        return 0;
}

/* Waiting */

static uint64_t scope_now(Scope *scope) {
        uint64_t now = 0;

        (void) sd_event_now(sd_bus_get_event(scope->systemd->bus), CLOCK_MONOTONIC, &now);
        return now;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata);

static void scope_wait(Scope *scope) {
        uint64_t usec = scope->stage == SCOPE_QUEUED ? QUEUED_LOOK_USEC : BLOCKED_LOOK_USEC;
        int r;

        if (!scope->timer)
                r = sd_event_add_time_relative(sd_bus_get_event(scope->systemd->bus), &scope->timer, CLOCK_MONOTONIC, usec,
                                               USEC_PER_MSEC, on_timer, scope);
        else {
                r = sd_event_source_set_time_relative(scope->timer, usec);
                if (r >= 0)
                        r = sd_event_source_set_enabled(scope->timer, SD_EVENT_ONESHOT);
        }
        if (r < 0)
                scope_fail(scope, ERROR_FAILED, errno_text(r));
}

static void scope_look(Scope *scope) {
        int r = scope_ask(scope, on_whereabouts, "GetUnitByPID", "u", (uint32_t) scope->supervisor);

        if (r < 0)
                scope_fail(scope, ERROR_FAILED, errno_text(r));
        else
                scope_wait(scope);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Scope *scope = userdata;

        if (scope_now(scope) >= (scope->stage == SCOPE_QUEUED ? scope->queued_until : scope->blocked_until))
                scope_give_up(scope);
        else
                scope_look(scope);
        return 0;
}

/* One blockade, however many tries it takes: patience begins once. */
static void scope_block(Scope *scope, bool absent) {
        scope->stage = SCOPE_BLOCKED;
        scope->absent = absent;
        if (scope->blocked_until == 0)
                scope->blocked_until = scope_now(scope) + BLOCKED_USEC;
        scope_wait(scope);
}

/* The signals */

void scope_on_job_removed(Scope *scope, const char *job, const char *unit, const char *result) {
        _cleanup_free_ char *reason = NULL;

        if (scope->stage != SCOPE_QUEUED || !streq(job, scope->job))
                return;
        if (streq(result, "done")) {
                scope_finish(scope, 0, &ERROR_NULL);
                return;
        }

        reason = str_format("systemd's job ended with '%s'; 'journalctl -u %s' may say why", result, unit);
        scope_fail(scope, ERROR_REFUSED_BY_SYSTEMD, reason ? reason : result);
}

void scope_on_unit_removed(Scope *scope, const char *unit) {
        if (scope->stage == SCOPE_BLOCKED && streq(unit, scope->unit))
                scope_retry(scope);
}

void scope_on_restart(Scope *scope) {
        if (scope->stage == SCOPE_QUEUED || scope->stage == SCOPE_BLOCKED)
                scope_look(scope);
}

/* StartTransientUnit */

static int allow(sd_bus_message *m, const char *device, const char *access, Error *error) {
        int r = sd_bus_message_append(m, "(sv)", "DeviceAllow", "a(ss)", 1, device, access);

        return r < 0 ? error_set_errno(error, r, step, "DeviceAllow") : 0;
}

/*
 * By number, behind any links: "/dev/char/10:229" is what systemd takes without looking (systemd.resource-control(5)).
 * "m" goes with it, since the supervisor is in the scope when it makes the node. It gives the payload nothing: one with
 * a user namespace can make no node, and any other only nodes for what it has got.
 */
static int append_device(sd_bus_message *m, const char *text, Error *error) {
        _cleanup_device_ Device d = DEVICE_NULL;
        _cleanup_free_ char *path = NULL, *access = NULL;
        mode_t type;
        dev_t number;
        int r = device_parse(text, &d);

        if (r >= 0)
                r = device_number(&d, &type, &number);
        if (r == -ENODEV)
                return error_set(error, ERROR_INVALID_VALUE, ENODEV, "giving the machine the device", d.host, "it is no device");
        if (r < 0)
                return error_set_errno(error, r, "giving the machine the device", r == -EINVAL ? text : d.host);

        path = str_format("/dev/%s/%u:%u", S_ISCHR(type) ? "char" : "block", major(number), minor(number));
        access = strchr(d.access, 'm') ? strdup(d.access) : str_format("%sm", d.access);
        if (!path || !access)
                return error_oom(error);
        return allow(m, path, access, error);
}

/* "strict" has nothing at all. The supervisor, in the same scope, still makes the nodes, and has to give the payload streams. */
static int append_strict(sd_bus_message *m, const Spec *spec, Error *error) {
        static const char *const nodes[] = { "zero", "full", "random", "urandom", "tty" };
        int r = allow(m, "/dev/null", "rwm", error);

        for (size_t i = 0; i < ELEMENTSOF(nodes) && r >= 0; i++) {
                _cleanup_free_ char *path = str_format("/dev/%s", nodes[i]);

                r = path ? allow(m, path, "m", error) : error_oom(error);
        }
        if (r >= 0 && spec->terminal)
                r = allow(m, "/dev/ptmx", "rw", error);
        if (r >= 0 && spec->terminal)
                r = allow(m, "char-pts", "rw", error);
        return r;
}

/*
 * Without any of this all devices are allowed: a node in the tree of a machine without a user namespace would open.
 * "closed" has the standard ones and terminals. What a user says comes later, and counts.
 */
static int append_devices(sd_bus_message *m, const Spec *spec, Error *error) {
        int r = sd_bus_message_append(m, "(sv)", "DevicePolicy", "s", "closed");

        if (r < 0)
                return error_set_errno(error, r, step, "DevicePolicy");
        if (streq_ptr(spec->device_policy, "strict")) {
                r = append_strict(m, spec, error);
                if (r < 0)
                        return r;
        }
        for (char **d = spec->devices; d && *d; d++) {
                r = append_device(m, *d, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int append_properties(const Scope *scope, sd_bus_message *m, Error *error) {
        const Spec *spec = scope->spec;
        _cleanup_free_ char *description = str_format("Machine %s", strempty(spec->name));
        uint64_t stop_usec = spec->timeout_stop_usec;
        int r;

        if (!description)
                return error_oom(error);

        if (stop_usec < USEC_INFINITY - SPEC_STOP_MARGIN_USEC)
                stop_usec += SPEC_STOP_MARGIN_USEC;

        r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "Description", "s", description, "PIDs", "au", 1,
                                  (uint32_t) scope->supervisor, "Slice", "s", spec->slice, "Delegate", "b", true,
                                  /* Else a scope that failed would keep its name until somebody resets it. */
                                  "CollectMode", "s", "inactive-or-failed",
                                  /* A scope has no main process: systemd signals all there are. This one is ignored by
                                   * default, so that of all of them only the supervisor, which catches it, acts. */
                                  "KillSignal", "i", (int32_t) SIGURG, "TimeoutStopUSec", "t", stop_usec);
        if (r < 0)
                return error_set_errno(error, r, step, scope->unit);
        r = append_devices(m, spec, error);
        return r < 0 ? r : property_append_spec(m, scope->systemd, spec, error);
}

static int scope_new_request(const Scope *scope, sd_bus_message **ret, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(scope->systemd->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                           "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", scope->unit, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_properties(scope, m, error);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r < 0)
                return error_set_errno(error, r, step, scope->unit);

        *ret = TAKE_PTR(m);
        return 0;
}

static void scope_refused(Scope *scope, const sd_bus_error *e) {
        /* The second is the bus's: too many calls of ours are not answered yet. */
        if (sd_bus_error_has_name(e, "org.freedesktop.systemd1.UnitExists") ||
            sd_bus_error_has_name(e, SD_BUS_ERROR_LIMITS_EXCEEDED))
                scope_block(scope, /* absent= */ false);
        else if (systemd_error_is_absence(e))
                scope_block(scope, /* absent= */ true);
        else
                scope_fail(scope, ERROR_REFUSED_BY_SYSTEMD, e->message ? e->message : e->name);
}

static int on_started(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Scope *scope = userdata;
        const char *job;

        scope->call = sd_bus_slot_unref(scope->call);
        if (sd_bus_message_is_method_error(m, NULL)) {
                scope_refused(scope, sd_bus_message_get_error(m));
                return 0;
        }

        /* JobRemoved comes later on the same connection, from the same sender: it cannot have been missed. */
        if (sd_bus_message_read(m, "o", &job) < 0 || str_replace(&scope->job, job) < 0) {
                scope_fail(scope, ERROR_FAILED, "systemd's reply was not understood");
                return 0;
        }
        scope->stage = SCOPE_QUEUED;
        scope->queued_until = scope_now(scope) + QUEUED_USEC;
        scope_wait(scope);
        return 0;
}

static int scope_call(Scope *scope, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = scope_new_request(scope, &m, error);
        if (r < 0)
                return r;

        scope->stage = SCOPE_CALLING;
        scope->call = sd_bus_slot_unref(scope->call);
        if (scope->timer)
                (void) sd_event_source_set_enabled(scope->timer, SD_EVENT_OFF);
        r = sd_bus_call_async(scope->systemd->bus, &scope->call, m, on_started, scope, 0);
        return r < 0 ? error_set_errno(error, r, step, scope->unit) : 0;
}

static void scope_retry(Scope *scope) {
        _cleanup_error_ Error error = ERROR_NULL;
        int r = scope_call(scope, &error);

        if (r < 0)
                scope_finish(scope, r, &error);
}

static int scope_new(Systemd *systemd, const Spec *spec, pid_t supervisor, Scope **ret, Error *error) {
        _cleanup_(scope_freep) Scope *scope = calloc(1, sizeof(Scope));
        int r;

        if (!scope)
                return error_oom(error);

        *scope = (Scope){
                .systemd = systemd,
                .spec = spec,
                .supervisor = supervisor,
                .unit = scope_unit_name(strempty(spec->name)),
        };
        if (!scope->unit)
                return error_oom(error);

        r = sd_bus_path_encode(SYSTEMD_PATH "/unit", scope->unit, &scope->path);
        if (r < 0)
                return error_set_errno(error, r, step, scope->unit);

        *ret = TAKE_PTR(scope);
        return 0;
}

int scope_start(Systemd *systemd, const Spec *spec, pid_t supervisor, ScopeHandler handler, void *userdata, Scope **ret,
                Error *error) {
        _cleanup_(scope_freep) Scope *scope = NULL;
        int r = scope_new(systemd, spec, supervisor, &scope, error);

        if (r < 0)
                return r;
        scope->handler = handler;
        scope->userdata = userdata;
        scope_link(scope);

        r = scope_call(scope, error);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(scope);
        return 0;
}

int scope_check(Systemd *systemd, const Spec *spec, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(scope_freep) Scope *scope = NULL;
        int r = scope_new(systemd, spec, /* supervisor= */ 0, &scope, error);

        return r < 0 ? r : scope_new_request(scope, &m, error);
}

bool scope_is_alike(const Spec *a, const Spec *b) {
        if (a->terminal != b->terminal && streq_ptr(a->device_policy, "strict"))
                return false;
        if (!strv_equal(a->devices, b->devices))
                return false;

        FOREACH_SETTING(s) {
                _cleanup_free_ char *x = NULL, *y = NULL;

                if (s->section != SECTION_RESOURCES)
                        continue;
                x = setting_format(s, a, "\n");
                y = setting_format(s, b, "\n");
                if (!x || !y || !streq(x, y))
                        return false;
        }
        return true;
}

void scope_hand_over(Scope *scope, const Spec *spec, ScopeHandler handler, void *userdata) {
        scope->spec = spec;
        scope->handler = handler;
        scope->userdata = userdata;
}
