/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-bus.h"

#include <inttypes.h>

#include "setting.h"
#include "string-util.h"
#include "strv.h"

/* Any basic value as text, so that one parser per type is enough. 0 where the type has no text. */
static int read_basic_as_text(sd_bus_message *message, char type, char **ret) {
        union {
                uint8_t y;
                int b;
                int16_t n;
                uint16_t q;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
                const char *s;
        } v;
        int r;

        if (!strchr("ybnqiuxtso", type))
                return 0;
        r = sd_bus_message_read_basic(message, type, &v);
        if (r < 0)
                return r;

        switch (type) {
        case 'b': *ret = strdup(v.b ? "yes" : "no"); break;
        case 'y': *ret = str_format("%" PRIu8, v.y); break;
        case 'n': *ret = str_format("%" PRIi16, v.n); break;
        case 'q': *ret = str_format("%" PRIu16, v.q); break;
        case 'i': *ret = str_format("%" PRIi32, v.i); break;
        case 'u': *ret = str_format("%" PRIu32, v.u); break;
        case 'x': *ret = str_format("%" PRIi64, v.x); break;
        case 't': *ret = str_format("%" PRIu64, v.t); break;
        default:  *ret = strdup(v.s); break;
        }
        return *ret ? 1 : -ENOMEM;
}

/* Where a value goes: a setting of a spec, or a field by itself. */
typedef struct Target {
        const char *name;
        const SettingType *type;
        const Setting *setting;
        Spec *spec;
        void *field;
} Target;

static int put_item(const Target *t, const char *text, Error *error) {
        if (t->setting)
                return setting_add(t->setting, t->spec, text, error);
        return field_assign(t->type, t->name, t->field, text, error);
}

static int read_items(const Target *t, sd_bus_message *message, Error *error) {
        const char *item;
        int r = sd_bus_message_enter_container(message, 'a', "s");

        while (r >= 0 && (r = sd_bus_message_read_basic(message, 's', &item)) > 0) {
                r = put_item(t, item, error);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        return r < 0 ? error_set_errno(error, r, "reading the setting", t->name) : 0;
}

static int read_target(const Target *t, sd_bus_message *message, Error *error) {
        _cleanup_free_ char *text = NULL;
        const char *contents;
        char type;
        int r;

        r = sd_bus_message_peek_type(message, &type, &contents);
        if (r < 0)
                return error_set_errno(error, r, "reading the setting", t->name);
        if (type == 'a' && streq(contents, "s") && t->type->list)
                return read_items(t, message, error);

        r = read_basic_as_text(message, type, &text);
        if (r < 0)
                return error_set_errno(error, r, "reading the setting", t->name);
        if (r == 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the setting", t->name,
                                 "D-Bus type %c%s is not taken; send '%s' or a string", type, strempty(contents),
                                 t->type->signature);
        return t->setting ? setting_assign(t->setting, t->spec, text, error) : put_item(t, text, error);
}

static int read_value(const Setting *s, Spec *spec, sd_bus_message *message, Error *error) {
        return read_target(&(Target){ .name = s->name, .type = s->type, .setting = s, .spec = spec }, message, error);
}

int field_read_bus(const SettingType *type, const char *name, void *field, sd_bus_message *message, Error *error) {
        return read_target(&(Target){ .name = name, .type = type, .field = field }, message, error);
}

static int read_entry(Spec *spec, sd_bus_message *message, SpecBusExtra extra, void *userdata, Error *error) {
        const char *key, *contents;
        const Setting *s;
        int r;

        r = sd_bus_message_read_basic(message, 's', &key);
        if (r >= 0)
                r = sd_bus_message_peek_type(message, NULL, &contents);
        if (r >= 0)
                r = sd_bus_message_enter_container(message, 'v', contents);
        if (r < 0)
                return error_set_errno(error, r, "reading the settings", NULL);

        r = extra ? extra(key, message, userdata, error) : 0;
        if (r == 0) {
                r = setting_find(key, &s, error);
                if (r >= 0)
                        r = read_value(s, spec, message, error);
        }
        if (r < 0)
                return r;

        r = sd_bus_message_exit_container(message);
        return r < 0 ? error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the setting", key,
                                 "the value has the wrong D-Bus type")
                     : 0;
}

int spec_read_bus(Spec *spec, sd_bus_message *message, SpecBusExtra extra, void *userdata, Error *error) {
        int r = sd_bus_message_enter_container(message, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = read_entry(spec, message, extra, userdata, error);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(message);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        return r < 0 ? error_set_errno(error, r, "reading the settings", NULL) : 0;
}

static int append_list(const Setting *s, const Spec *spec, sd_bus_message *message) {
        _cleanup_strv_free_ char **items = NULL;
        int r = s->type->format_list(setting_field_const(s, spec), &items);

        if (r < 0)
                return r;
        r = sd_bus_message_open_container(message, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(message, 's', s->name);
        if (r >= 0)
                r = sd_bus_message_open_container(message, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(message, items);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

int spec_append_bus(const Spec *spec, sd_bus_message *message) {
        FOREACH_SETTING(s) {
                _cleanup_free_ char *text = NULL;
                int r;

                if (!setting_is_assigned(s, spec))
                        continue;

                if (s->type->list)
                        r = append_list(s, spec, message);
                else if (s->type == &type_boolean)
                        r = sd_bus_message_append(message, "{sv}", s->name, "b",
                                                  (int) *(const bool *) setting_field_const(s, spec));
                else {
                        r = s->type->format(setting_field_const(s, spec), &text);
                        if (r >= 0)
                                r = sd_bus_message_append(message, "{sv}", s->name, "s", strempty(text));
                }
                if (r < 0)
                        return r;
        }
        return 0;
}
