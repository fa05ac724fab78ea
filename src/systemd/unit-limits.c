/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit-limits.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "config.h"
#include "file-util.h"
#include "log.h"
#include "property.h"
#include "string-util.h"
#include "strv.h"
#include "systemd-internal.h"

#define RECORDS BERTH_RUN_DIR "/units"
#define UNIT_PATH SYSTEMD_PATH "/unit"
#define PROPERTIES "org.freedesktop.DBus.Properties"

static const char step[] = "setting the limits of the unit";

typedef struct UnitLimits {
        const char *unit;
        const char *interface;   /* that its limits belong to */
        char *path;              /* of its object */
        char *plain;             /* of a unit that nobody has written: it has what systemd gives to all */
        char *record;            /* the file that has what earlier runs sent */
        char **sent;             /* its lines, NAME=TEXT */
        char **kept;             /* and those of the file's next version */
        Systemd systemd;         /* without its signals: bus, kind of host, types of properties */
} UnitLimits;

static void unit_limits_done(UnitLimits *u) {
        free(u->path);
        free(u->plain);
        free(u->record);
        strv_free(u->sent);
        strv_free(u->kept);
        strv_free(u->systemd.types);
        sd_bus_flush_close_unref(u->systemd.bus);
}

static int call_failed(Error *error, const sd_bus_error *e, int r, const char *object) {
        if (systemd_error_is_absence(e))
                return error_set(error, ERROR_NO_SYSTEMD, -r, step, object, "%s", e->message);
        return e->message ? error_set(error, ERROR_REFUSED_BY_SYSTEMD, -r, step, object, "%s", e->message)
                          : error_set_errno(error, r, step, object);
}

/* What is set as a part of the whole is read under the name without this. */
static char *name_to_read(const char *name) {
        static const char suffix[] = "Scale";
        size_t n = strlen(name), end = sizeof(suffix) - 1;

        return n > end && streq(name + n - end, suffix) ? strndup(name, n - end) : strdup(name);
}

/* The reply, of which the variant with the value is next. */
static int read_property(const UnitLimits *u, const char *path, const char *name, sd_bus_message **ret) {
        return sd_bus_call_method(u->systemd.bus, SYSTEMD_NAME, path, PROPERTIES, "Get", NULL, ret, "ss", u->interface, name);
}

/* A line that is the same for the same value, of whatever type. */
static int read_text(const UnitLimits *u, const char *path, const char *name, char **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *file;
        int r;

        r = read_property(u, path, name, &m);
        if (r < 0)
                return r;
        file = open_memstream(&text, &size);
        if (!file)
                return -ENOMEM;
        r = sd_bus_message_dump(m, file, SD_BUS_MESSAGE_DUMP_SUBTREE_ONLY);
        if (fclose(file) != 0 || r < 0)
                return r < 0 ? r : -ENOMEM;

        for (char *c = text; *c; c++)
                if (*c == '\n')
                        *c = ' ';
        *ret = TAKE_PTR(text);
        return 0;
}

/* Whether the unit has it from somewhere else than an earlier run of ours. */
static int is_the_units_own(const UnitLimits *u, const char *name) {
        _cleanup_free_ char *now = NULL, *plain = NULL;
        int r = read_text(u, u->path, name, &now);

        if (r >= 0)
                r = read_text(u, u->plain, name, &plain);
        /* What cannot be read is not compared; where it cannot be set either, systemd says so. */
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        return !streq(now, plain) && !streq_ptr(now, strv_env_get(u->sent, name));
}

/* Appends (sv), of which the variant is what is next in FROM. */
static int append_copy(sd_bus_message *m, const char *name, sd_bus_message *from) {
        int r = sd_bus_message_open_container(m, 'r', "sv");

        if (r >= 0)
                r = sd_bus_message_append(m, "s", name);
        if (r >= 0)
                r = sd_bus_message_copy(m, from, /* all= */ false);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* Appends each property of an earlier run that nobody has changed since, as it is without any setting: lists, too, begin anew. */
static int append_resets(const UnitLimits *u, sd_bus_message *m) {
        STRV_FOREACH(line, u->sent) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *plain = NULL;
                _cleanup_free_ char *name = strndup(*line, strcspn(*line, "=")), *now = NULL;
                int r = name ? read_text(u, u->path, name, &now) : -ENOMEM;

                if (r >= 0 && !streq_ptr(now, strv_env_get(u->sent, name)))
                        continue;
                if (r >= 0)
                        r = read_property(u, u->plain, name, &plain);
                if (r >= 0)
                        r = append_copy(m, name, plain);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The next (sv) of ALL goes to M, and its name to the record, unless the unit sets it itself. */
static int append_wanted(UnitLimits *u, sd_bus_message *m, sd_bus_message *all) {
        _cleanup_free_ char *name = NULL;
        const char *wire;
        int r = sd_bus_message_read(all, "s", &wire);

        if (r < 0)
                return r;
        name = name_to_read(wire);
        r = name ? is_the_units_own(u, name) : -ENOMEM;
        if (r < 0)
                return r;
        if (r > 0) {
                log_info("%s sets %s= itself, so the machine's setting of it is not used.", u->unit, name);
                return sd_bus_message_skip(all, "v");
        }

        r = append_copy(m, wire, all);
        return r < 0 || strv_contains(u->kept, name) ? r : strv_consume(&u->kept, TAKE_PTR(name));
}

/* All that SPEC sets, in a message that can be read. */
static int wanted_properties(const UnitLimits *u, const Spec *spec, sd_bus_message **ret, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = sd_bus_message_new_method_call(u->systemd.bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                               "SetUnitProperties");

        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r < 0)
                return error_set_errno(error, r, step, u->unit);
        r = property_append_spec(m, &u->systemd, spec, error);
        if (r < 0)
                return r;

        r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_seal(m, /* cookie= */ 1, /* timeout_usec= */ 0);
        if (r < 0)
                return error_set_errno(error, r, step, u->unit);
        *ret = TAKE_PTR(m);
        return 0;
}

static int make_call(UnitLimits *u, sd_bus_message *all, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = sd_bus_message_new_method_call(u->systemd.bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                               "SetUnitProperties");

        if (r >= 0)
                r = sd_bus_message_append(m, "sb", u->unit, /* runtime= */ true);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_resets(u, m);
        if (r >= 0)
                r = sd_bus_message_enter_container(all, 'a', "(sv)");
        while (r >= 0 && (r = sd_bus_message_enter_container(all, 'r', "sv")) > 0) {
                r = append_wanted(u, m, all);
                if (r >= 0)
                        r = sd_bus_message_exit_container(all);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

/* What was sent, as systemd shows it now. */
static int write_record(const UnitLimits *u) {
        _cleanup_strv_free_ char **lines = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        STRV_FOREACH(name, u->kept) {
                _cleanup_free_ char *value = NULL;
                char *line;

                r = read_text(u, u->path, *name, &value);
                if (r < 0)
                        return r;
                line = str_format("%s=%s", *name, value);
                r = line ? strv_consume(&lines, line) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        if (!lines)
                return unlink(u->record) < 0 && errno != ENOENT ? negative_errno() : 0;

        text = strv_join(lines, "\n");
        r = text ? directory_make(RECORDS, 0700) : -ENOMEM;
        return r < 0 ? r : file_replace_at(AT_FDCWD, u->record, text, strlen(text), 0600);
}

static int read_record(UnitLimits *u) {
        _cleanup_free_ char *text = NULL;
        int r;

        u->record = str_format(RECORDS "/%s", u->unit);
        r = u->record ? file_read_at(AT_FDCWD, u->record, FILE_MAX_DEFAULT, &text, NULL) : -ENOMEM;
        return r == -ENOENT ? 0 : r < 0 ? r : strv_split(text, "\n", &u->sent);
}

static bool sets_any(const Spec *spec) {
        FOREACH_SETTING(s)
                if (property_is_limit(s) && setting_is_assigned(s, spec))
                        return true;
        return spec->property;
}

static int load_types(UnitLimits *u, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r = sd_bus_call_method(u->systemd.bus, SYSTEMD_NAME, u->path, PROPERTIES, "GetAll", &e, &m, "s", "");

        if (r < 0)
                return call_failed(error, &e, r, u->unit);
        r = systemd_read_types(&u->systemd, m);
        return r < 0 ? error_set_errno(error, r, step, u->unit) : 0;
}

/* The bus, the unit's object, and one that has what any unit of its kind has. */
static int look_up(UnitLimits *u, Error *error) {
        static const char scope[] = ".scope";
        size_t n = strlen(u->unit);
        bool is_scope = n > strlen(scope) && streq(u->unit + n - strlen(scope), scope);
        int r = host_kind();

        if (r < 0)
                return error_set_errno(error, r, step, u->unit);
        u->systemd.host = (HostKind) r;
        u->interface = is_scope ? "org.freedesktop.systemd1.Scope" : "org.freedesktop.systemd1.Service";

        r = sd_bus_path_encode(UNIT_PATH, u->unit, &u->path);
        if (r >= 0)
                r = sd_bus_path_encode(UNIT_PATH, is_scope ? "berth-without-settings.scope" : "berth-without-settings.service",
                                       &u->plain);
        if (r >= 0)
                r = sd_bus_open_system(&u->systemd.bus);
        return r < 0 ? error_set_errno(error, r, step, u->unit) : 0;
}

int unit_limits_apply(const char *unit, const Spec *spec, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *all = NULL, *call = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(unit_limits_done) UnitLimits u = { .unit = unit };
        int r = read_record(&u);

        if (r < 0)
                return error_set_errno(error, r, "reading", u.record);
        if (!u.sent && !sets_any(spec))
                return 0;

        r = look_up(&u, error);
        if (r >= 0)
                r = property_check_spec(&u.systemd, spec, error);
        if (r >= 0 && property_spec_needs_types(&u.systemd, spec))
                r = load_types(&u, error);
        if (r >= 0)
                r = wanted_properties(&u, spec, &all, error);
        if (r < 0)
                return r;

        r = make_call(&u, all, &call);
        if (r < 0)
                return error_set_errno(error, r, step, unit);
        r = sd_bus_call(u.systemd.bus, call, /* usec= */ 0, &e, NULL);
        if (r < 0)
                return call_failed(error, &e, r, unit);
        r = write_record(&u);
        return r < 0 ? error_set_errno(error, r, "writing", u.record) : 0;
}
