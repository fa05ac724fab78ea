/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd.h"

#include "string-util.h"
#include "strv.h"
#include "systemd-internal.h"

/* Has all that any scope has, and is there whenever systemd is (since 235). */
#define INIT_SCOPE_PATH "/org/freedesktop/systemd1/unit/init_2escope"

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *job, *unit, *result;
        Systemd *s = userdata;

        if (sd_bus_message_read(m, "uoss", NULL, &job, &unit, &result) < 0)
                return 0;

        for (Scope *scope = s->scopes, *next; scope; scope = next) {
                next = scope_next(scope);
                scope_on_job_removed(scope, job, unit, result);
        }
        return 0;
}

static int on_unit_removed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Systemd *s = userdata;
        const char *unit;

        if (sd_bus_message_read(m, "so", &unit, NULL) < 0)
                return 0;

        scope_forget_made(s, unit);
        for (Scope *scope = s->scopes, *next; scope; scope = next) {
                next = scope_next(scope);
                scope_on_unit_removed(scope, unit);
        }
        return 0;
}

/* Without a subscriber systemd sends no signals at all. Fine if we are one already. */
static int subscribe(Systemd *s) {
        return sd_bus_call_method_async(s->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe", NULL, NULL, NULL);
}

/* A new systemd may have forgotten us, and its signals about our jobs may have gone nowhere. */
static void systemd_restarted(Systemd *s) {
        (void) subscribe(s);

        for (Scope *scope = s->scopes, *next; scope; scope = next) {
                next = scope_next(scope);
                scope_on_restart(scope);
        }
}

static int on_reloading(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        int begins;

        if (sd_bus_message_read(m, "b", &begins) >= 0 && !begins)
                systemd_restarted(userdata);
        return 0;
}

static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *new_owner;

        if (sd_bus_message_read(m, "sss", NULL, NULL, &new_owner) >= 0 && *new_owner)
                systemd_restarted(userdata);
        return 0;
}

static int match(Systemd *s, sd_bus_slot **ret, const char *member, sd_bus_message_handler_t handler) {
        return sd_bus_match_signal_async(s->bus, ret, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, member, handler, NULL, s);
}

int systemd_new(sd_bus *bus, Systemd **ret) {
        _cleanup_(systemd_freep) Systemd *s = calloc(1, sizeof(Systemd));
        int r;

        if (!s)
                return -ENOMEM;
        s->bus = sd_bus_ref(bus);

        r = host_kind();
        if (r < 0)
                return r;
        s->host = (HostKind) r;

        r = match(s, &s->job_removed, "JobRemoved", on_job_removed);
        if (r >= 0)
                r = match(s, &s->unit_removed, "UnitRemoved", on_unit_removed);
        if (r >= 0)
                r = match(s, &s->reloading, "Reloading", on_reloading);
        if (r >= 0)
                r = sd_bus_add_match_async(bus, &s->owner_changed,
                                           "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                                           "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" SYSTEMD_NAME "'",
                                           on_owner_changed, NULL, s);
        if (r >= 0)
                r = subscribe(s);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}

Systemd *systemd_free(Systemd *s) {
        if (!s)
                return NULL;

        assert(!s->scopes);
        scope_forget_made(s, NULL);
        sd_bus_slot_unref(s->job_removed);
        sd_bus_slot_unref(s->unit_removed);
        sd_bus_slot_unref(s->reloading);
        sd_bus_slot_unref(s->owner_changed);
        sd_bus_unref(s->bus);
        strv_free(s->types);
        free(s);
        return NULL;
}

sd_bus *systemd_bus(Systemd *s) {
        return s->bus;
}

int systemd_stop_unit(Systemd *s, const char *unit) {
        return sd_bus_call_method_async(s->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StopUnit", NULL, NULL, "ss",
                                        unit, "fail");
}

bool systemd_error_is_absence(const sd_bus_error *error) {
        static const char *const names[] = {
                SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                SD_BUS_ERROR_DISCONNECTED, SD_BUS_ERROR_TIMEOUT,
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (sd_bus_error_has_name(error, names[i]))
                        return true;

        /* What dbus-daemon says when it tries to activate a systemd that is not there. */
        return error->name && startswith(error->name, "org.freedesktop.DBus.Error.Spawn.");
}

/* Types of properties */

typedef struct TypesRequest {
        Systemd *systemd;
        SystemdTypesHandler handler;
        void *userdata;
} TypesRequest;

static int compare_types(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* One {sv}: the name, and the type of the value that is skipped. */
static int read_type(sd_bus_message *m, char ***types, size_t *n) {
        const char *name, *type;
        char **grown, *row;
        int r;

        r = sd_bus_message_read_basic(m, 's', &name);
        if (r >= 0)
                r = sd_bus_message_peek_type(m, NULL, &type);
        if (r < 0)
                return r;

        row = str_format("%s=%s", name, type);
        grown = row ? reallocarray(*types, *n + 2, sizeof(char *)) : NULL;
        if (!grown) {
                free(row);
                return -ENOMEM;
        }
        grown[(*n)++] = row;
        grown[*n] = NULL;
        *types = grown;

        return sd_bus_message_skip(m, "v");
}

int systemd_read_types(Systemd *s, sd_bus_message *m) {
        _cleanup_strv_free_ char **types = NULL;
        size_t n = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = read_type(m, &types, &n);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        if (r < 0)
                return r;
        if (n == 0)
                return -ENODATA;

        qsort(types, n, sizeof(char *), compare_types);
        strv_free(s->types);
        s->types = TAKE_PTR(types);
        s->types_count = n;
        return 0;
}

static int on_types(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        static const char step[] = "asking systemd which unit properties it knows";
        const sd_bus_error *e = sd_bus_message_get_error(m);
        _cleanup_error_ Error error = ERROR_NULL;
        TypesRequest *request = userdata;
        int r;

        if (e)
                r = error_set(&error, systemd_error_is_absence(e) ? ERROR_NO_SYSTEMD : ERROR_FAILED, sd_bus_error_get_errno(e),
                              step, NULL, "%s", e->message);
        else {
                r = systemd_read_types(request->systemd, m);
                if (r < 0)
                        error_set_errno(&error, r, step, NULL);
        }

        request->handler(request->userdata, r, &error);
        return 0;
}

/*
 * Properties.GetAll of every interface rather than Introspect: the values' types say the same, and there is no
 * XML to read.
 */
int systemd_load_types(Systemd *s, SystemdTypesHandler handler, void *userdata, sd_bus_slot **ret_slot) {
        TypesRequest *request;
        int r;

        *ret_slot = NULL;
        if (s->types) {
                handler(userdata, 0, &ERROR_NULL);
                return 0;
        }

        request = malloc(sizeof(TypesRequest));
        if (!request)
                return -ENOMEM;
        *request = (TypesRequest){ .systemd = s, .handler = handler, .userdata = userdata };

        r = sd_bus_call_method_async(s->bus, ret_slot, SYSTEMD_NAME, INIT_SCOPE_PATH, "org.freedesktop.DBus.Properties", "GetAll",
                                     on_types, request, "s", "");
        if (r < 0) {
                free(request);
                return r;
        }
        (void) sd_bus_slot_set_destroy_callback(*ret_slot, free);
        return 0;
}

bool systemd_has_types(const Systemd *s) {
        return s->types;
}

static int compare_name(const void *name, const void *row) {
        const char *text = *(char *const *) row;
        size_t n = strlen(name);
        int r = strncmp(name, text, n);

        return r != 0 ? r : text[n] == '=' ? 0 : -1;
}

const char *systemd_property_type(const Systemd *s, const char *name) {
        char **row = s->types ? bsearch(name, s->types, s->types_count, sizeof(char *), compare_name) : NULL;

        return row ? *row + strlen(name) + 1 : NULL;
}
