/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth enable, disable: whether machines are started with the host, by their berth@NAME.service. */

#include "client.h"
#include "string-util.h"
#include "strv.h"
#include "tree-find.h"
#include "unit-dependencies.h"
#include "verbs.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD ".Manager"

typedef struct EnableOptions {
        bool now;
} EnableOptions;

static const Option enable_options[] = {
        { "now", &type_boolean, offsetof(EnableOptions, now), "Start it as well, and wait until it runs" },
        {},
};

static const Option disable_options[] = {
        { "now", &type_boolean, offsetof(EnableOptions, now), "Stop it as well, and wait until it has" },
        {},
};

/* RET_REPLY may be NULL. */
static int call_systemd(sd_bus *bus, const char *method, const char *unit, sd_bus_message **ret_reply, Error *error,
                        const char *types, ...) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *message = NULL;
        va_list ap;
        int r = sd_bus_message_new_method_call(bus, &message, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, method);

        va_start(ap, types);
        if (r >= 0 && types)
                r = sd_bus_message_appendv(message, types, ap);
        va_end(ap);
        if (r >= 0)
                r = sd_bus_call(bus, message, /* usec= */ 0, &e, ret_reply);
        if (r >= 0)
                return 0;
        return error_set(error, ERROR_REFUSED_BY_SYSTEMD, -r, "asking systemd about", unit, "%s",
                         sd_bus_error_is_set(&e) ? strempty(e.message) : errno_text(r));
}

/* Jobs */

typedef struct Job {
        const char *path;        /* NULL: not known yet */
        char *result;            /* NULL: not done yet */
} Job;

/* JobRemoved(u id, o job, s unit, s result), org.freedesktop.systemd1(5). */
static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Job *job = userdata;
        const char *path, *result;

        if (!job->path || sd_bus_message_read(m, "uoss", NULL, &path, NULL, &result) < 0 || !streq(path, job->path))
                return 0;
        return str_replace(&job->result, result);
}

static int wait_for_job(sd_bus *bus, Job *job, const char *unit, Error *error) {
        int r = 0;

        while (r >= 0 && !job->result) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        if (r < 0)
                return error_set_errno(error, r, "waiting for the job of", unit);
        if (streq(job->result, "done"))
                return 0;
        return error_set(error, ERROR_REFUSED_BY_SYSTEMD, EIO, "waiting for the job of", unit,
                         "it ended with '%s'; 'systemctl status %s' may say why", job->result, unit);
}

/* As systemctl does: METHOD is StartUnit or StopUnit, and when it returns, it is so. */
static int change_unit(sd_bus *bus, const char *method, const char *unit, Error *error) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        Job job = {};
        int r;

        /* sd-bus keeps what comes before the reply was read, and hands it out in sd_bus_process(). */
        r = sd_bus_match_signal(bus, &slot, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "JobRemoved", on_job_removed, &job);
        if (r < 0)
                return error_set_errno(error, r, "listening to systemd for", unit);
        r = call_systemd(bus, method, unit, &reply, error, "ss", unit, "replace");
        if (r >= 0 && sd_bus_message_read(reply, "o", &job.path) < 0)
                r = error_set(error, ERROR_FAILED, EBADMSG, "asking systemd about", unit, "its reply was not understood");
        if (r >= 0)
                r = wait_for_job(bus, &job, unit, error);
        free(job.result);
        return r;
}

/* A machine, or a tree that berth@.service would boot. */
static int check_machine(sd_bus *bus, const char *name, Error *error) {
        _cleanup_free_ char *root = NULL;
        int r = spec_check_name(name, error);

        if (r < 0 || client_call_simple(bus, NULL, NULL, "GetMachine", "s", name) >= 0)
                return r;
        if (tree_find(name, &root, NULL) >= 0)
                return 0;
        return error_set(error, ERROR_NO_SUCH_MACHINE, ENOENT, "looking up the machine", name,
                         "there is neither a machine nor an installed tree of this name");
}

static int enable_one(sd_bus *bus, const char *name, bool now, Error *error) {
        _cleanup_free_ char *unit = unit_of_machine(name);
        int r;

        if (!unit)
                return error_oom(error);
        r = check_machine(bus, name, error);
        /* What settings files say now. */
        if (r >= 0)
                r = client_call_simple(bus, NULL, error, "UpdateMachineUnit", "s", name);
        if (r >= 0)
                r = call_systemd(bus, "EnableUnitFiles", unit, NULL, error, "asbb", 1, unit, /* runtime= */ false,
                                 /* force= */ false);
        if (r >= 0)
                r = call_systemd(bus, "Reload", unit, NULL, error, NULL);
        if (r >= 0 && now)
                r = change_unit(bus, "StartUnit", unit, error);
        return r;
}

/* What is gone may have been enabled; but what neither is nor was is a slip of the hand. */
static int check_disabled(sd_bus *bus, const char *name, sd_bus_message *changes, Error *error) {
        int r = sd_bus_message_enter_container(changes, 'a', "(sss)");

        if (r >= 0)
                r = sd_bus_message_at_end(changes, /* complete= */ false);
        if (r < 0)
                return error_set_errno(error, r, "reading what systemd changed for", name);
        return r > 0 ? check_machine(bus, name, error) : 0;
}

static int disable_one(sd_bus *bus, const char *name, bool now, Error *error) {
        _cleanup_free_ char *unit = unit_of_machine(name);
        _cleanup_message_ sd_bus_message *changes = NULL;
        int r;

        if (!unit)
                return error_oom(error);
        r = spec_check_name(name, error);
        if (r >= 0)
                r = call_systemd(bus, "DisableUnitFiles", unit, &changes, error, "asb", 1, unit, /* runtime= */ false);
        if (r >= 0)
                r = check_disabled(bus, name, changes, error);
        if (r >= 0)
                r = call_systemd(bus, "Reload", unit, NULL, error, NULL);
        if (r >= 0 && now)
                r = change_unit(bus, "StopUnit", unit, error);
        return r;
}

typedef struct Change {
        int (*one)(sd_bus *bus, const char *name, bool now, Error *error);
        sd_bus *bus;
        bool now;
} Change;

static int change_one(const char *name, void *userdata, Error *error) {
        const Change *change = userdata;

        return change->one(change->bus, name, change->now, error);
}

static int change_all(const Call *call, Change *change, Error *error) {
        const EnableOptions *options = call->options;
        int r = client_open(&change->bus, error);

        if (r < 0)
                return r;
        change->now = options->now;
        /* Else systemd keeps its signals to itself. */
        if (options->now)
                r = call_systemd(change->bus, "Subscribe", "its jobs", NULL, error, NULL);
        if (r >= 0)
                r = call_each(call, change_one, change);
        (void) sd_bus_flush_close_unref(change->bus);
        return r;
}

static int enable_verb(const Call *call, Error *error) {
        return change_all(call, &(Change){ .one = enable_one }, error);
}

static int disable_verb(const Call *call, Error *error) {
        return change_all(call, &(Change){ .one = disable_one }, error);
}

const Verb verb_enable = {
        .names = "enable",
        .operands = "NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .options = enable_options,
        .size = sizeof(EnableOptions),
        .help = "Start machines when the host starts",
        .details = "Enables berth@NAME.service (berth@.service(8)), in which the machine then runs.",
        .run = enable_verb,
};

const Verb verb_disable = {
        .names = "disable",
        .operands = "NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .options = disable_options,
        .size = sizeof(EnableOptions),
        .help = "Do not start machines when the host starts",
        .run = disable_verb,
};
