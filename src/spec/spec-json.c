/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-json.h"

#include <jansson.h>

#include "setting.h"
#include "string-util.h"
#include "strv.h"


static int setting_to_json(const Setting *s, const Spec *spec, json_t **ret) {
        const void *field = setting_field_const(s, spec);
        int r;

        *ret = NULL;

        if (s->type == &type_boolean) {
                *ret = json_boolean(*(const bool *) field);
        } else if (s->type->list) {
                _cleanup_strv_free_ char **items = NULL;

                r = s->type->format_list(field, &items);
                if (r < 0)
                        return r;
                if (!items || !*items)
                        return 0;

                *ret = json_array();
                STRV_FOREACH(item, items) {
                        /* Arguments may hold bytes that are no UTF-8, which JSON cannot say. */
                        json_t *string = json_string(*item);

                        if (!string || json_array_append_new(*ret, string) < 0) {
                                json_decref(*ret);
                                return -EILSEQ;
                        }
                }
        } else {
                _cleanup_free_ char *text = NULL;

                r = s->type->format(field, &text);
                if (r < 0 || !text)
                        return r;
                *ret = json_string(text);
        }
        return *ret ? 0 : -ENOMEM;
}

/* In the order of SpecLink's fields. */
static const char *const link_keys[] = {
        "network", "bridge", "host", "full", "inside", "mac", "address", "address6", "gateway", "gateway6",
};
static_assert(ELEMENTSOF(link_keys) == SPEC_LINK_PARTS, "each part of a link has its key");

/* Nothing where there is no link. */
static int link_to_json(const SpecLink *link, json_t *object) {
        json_t *parts;

        if (!link->inside)
                return 0;
        parts = json_object();
        if (!parts || json_object_set_new(object, "link", parts) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < SPEC_LINK_PARTS; i++) {
                const char *value = ((char *const *) link)[i];

                if (value && json_object_set_new(parts, link_keys[i], json_string(value)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int link_from_json(json_t *object, SpecLink *link) {
        for (size_t i = 0; i < SPEC_LINK_PARTS; i++)
                if (str_replace((char **) link + i, json_string_value(json_object_get(object, link_keys[i]))) < 0)
                        return -ENOMEM;
        return 0;
}

int spec_to_json(const Spec *spec, SpecJsonFlags flags, char **ret) {
        json_auto_t *object = NULL;
        json_t *list;
        int r;

        object = json_pack("{s:s*, s:s*, s:b, s:o*, s:b, s:s*, s:o*, s:o}", "name", spec->name, "root", spec->root, "terminal",
                           spec->terminal, "streams", spec->streams ? json_true() : NULL, "remove", spec->remove, "files",
                           spec->settings_mode == SETTINGS_YES ? NULL : settings_mode_to_string(spec->settings_mode), "timing",
                           spec->timing_usec ? json_integer((json_int_t) spec->timing_usec) : NULL, "settings",
                           list = json_object());
        if (!object)
                return -ENOMEM;

        if (!(flags & SPEC_JSON_ASSIGNED) && link_to_json(&spec->link, object) < 0)
                return -ENOMEM;
        if (!(flags & SPEC_JSON_ASSIGNED) && spec->owner != 0 &&
            json_object_set_new(object, "owner", json_integer((json_int_t) spec->owner)) < 0)
                return -ENOMEM;

        FOREACH_SETTING(s) {
                json_t *value;

                if ((flags & SPEC_JSON_ASSIGNED) && !setting_is_assigned(s, spec))
                        continue;
                r = setting_to_json(s, spec, &value);
                if (r < 0)
                        return r;
                if (value && json_object_set_new(list, s->name, value) < 0)
                        return -ENOMEM;
        }

        *ret = json_dumps(object, JSON_COMPACT);
        return *ret ? 0 : -ENOMEM;
}

static int bad_value(const Setting *s, Error *error) {
        return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the setting", s->name, "it takes %s", s->type->allowed);
}

static int setting_from_json(const Setting *s, json_t *value, Spec *spec, Error *error) {
        json_t *item;
        size_t i;
        int r;

        if (json_is_boolean(value) && s->type == &type_boolean)
                return setting_assign(s, spec, json_is_true(value) ? "yes" : "no", error);
        if (json_is_string(value) && !s->type->list)
                return setting_add(s, spec, json_string_value(value), error);
        if (!json_is_array(value) || !s->type->list)
                return bad_value(s, error);

        json_array_foreach(value, i, item) {
                if (!json_is_string(item))
                        return bad_value(s, error);
                r = setting_add(s, spec, json_string_value(item), error);
                if (r < 0)
                        return r;
        }
        return 0;
}

int spec_from_json(const char *text, Spec **ret, Error *error) {
        json_auto_t *object = NULL;
        _cleanup_spec_ Spec *spec = spec_new();
        const char *name = NULL, *root = NULL, *files = "yes", *key;
        int terminal = false, streams = false, remove = false, r;
        json_t *list = NULL, *link = NULL, *value;
        json_int_t timing = 0, owner = 0;
        json_error_t where;

        if (!spec)
                return error_oom(error);

        object = json_loads(text, JSON_REJECT_DUPLICATES, &where);
        if (!object)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the spec", NULL, "line %i: %s", where.line,
                                 where.text);
        if (json_unpack_ex(object, &where, JSON_STRICT, "{s?s, s?s, s?b, s?b, s?b, s?s, s?I, s?I, s?o, s?o}", "name", &name,
                           "root", &root, "terminal", &terminal, "streams", &streams, "remove", &remove, "files", &files,
                           "timing", &timing, "owner", &owner, "settings", &list, "link", &link) < 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the spec", NULL, "%s", where.text);
        if (settings_mode_from_string(files, &spec->settings_mode) < 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the spec", "files", "'%s' is none of its values",
                                 files);

        if (list && !json_is_object(list))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the spec", "settings", "it has to be an object");

        if (str_replace(&spec->name, name) < 0 || str_replace(&spec->root, root) < 0 || link_from_json(link, &spec->link) < 0)
                return error_oom(error);
        spec->terminal = terminal;
        spec->streams = streams;
        spec->remove = remove;
        spec->owner = (uint32_t) owner;
        spec->timing_usec = timing > 0 ? (uint64_t) timing : 0;

        json_object_foreach(list, key, value) {
                const Setting *s;

                r = setting_find(key, &s, error);
                if (r >= 0)
                        r = setting_from_json(s, value, spec, error);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(spec);
        return 0;
}
