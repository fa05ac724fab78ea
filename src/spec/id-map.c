/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "id-map.h"

#include <inttypes.h>

#include "parse-util.h"
#include "setting.h"
#include "string-util.h"
#include "strv.h"

static const char step[] = "reading the id maps";

int id_map_parse(const char *text, IdMap *ret) {
        _cleanup_strv_free_ char **words = NULL;
        IdMap map = { .count = 1 };
        size_t n, colons = 0;
        int r = strv_split(text, ":", &words);

        if (r < 0)
                return r;
        for (const char *p = text; *p; p++)
                colons += *p == ':';
        n = strv_length(words);
        if (n < 2 || n > 3 || colons != n - 1)
                return -EINVAL;

        r = parse_u32(words[0], &map.inside);
        if (r >= 0)
                r = parse_u32(words[1], &map.outside);
        if (r >= 0 && n == 3)
                r = parse_u32(words[2], &map.count);
        if (r < 0)
                return r;
        if (map.outside == 0 || map.count == 0 || (uint64_t) map.outside + map.count >= UINT32_MAX ||
            (uint64_t) map.inside + map.count >= UINT32_MAX)
                return -ERANGE;
        *ret = map;
        return 0;
}

int id_map_find_root(char *const *lines, IdMap *ret) {
        STRV_FOREACH(line, lines)
                if (id_map_parse(*line, ret) >= 0 && ret->inside == 0)
                        return 0;
        return -ENOENT;
}

/* id maps: a char ** of their full form */

static int parse_id_maps(void *field, const char *text) {
        IdMap map;
        int r = id_map_parse(text, &map);

        if (r < 0)
                return r;
        if (strv_length(*(char ***) field) >= ID_MAP_LINES_MAX)
                return -ERANGE;
        return strv_consume(field, str_format("%" PRIu32 ":%" PRIu32 ":%" PRIu32, map.inside, map.outside, map.count));
}

static int format_id_maps(const void *field, char ***ret) {
        *ret = strv_copy(*(char **const *) field);
        return *ret ? 0 : -ENOMEM;
}

static void clear_id_maps(void *field) {
        *(char ***) field = strv_free(*(char ***) field);
}

const SettingType type_id_maps = {
        .name = "id-maps", .metavar = "INSIDE:OUTSIDE[:COUNT]", .signature = "as", .list = true,
        .allowed = "the first id inside, ':', the first id outside (not 0), and optionally ':' and how many",
        .parse = parse_id_maps, .format_list = format_id_maps, .clear = clear_id_maps,
};

/* Checking */

static bool overlap(uint32_t a, uint32_t b, const IdMap *x, const IdMap *y) {
        return a < b + y->count && b < a + x->count;
}

static int check_lines(const char *setting, char *const *lines, Error *error) {
        STRV_FOREACH(one, lines)
                for (char *const *other = lines; other < one; other++) {
                        IdMap x, y;

                        if (id_map_parse(*one, &x) >= 0 && id_map_parse(*other, &y) >= 0 &&
                            (overlap(x.inside, y.inside, &x, &y) || overlap(x.outside, y.outside, &x, &y)))
                                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, setting,
                                                 "%s and %s have ids in common", *other, *one);
                }
        return 0;
}

int spec_resolve_id_maps(Spec *spec, Error *error) {
        IdMap user, group;
        int r;

        if (!spec->uid_map && !spec->gid_map)
                return 0;
        if (setting_is_assigned(setting_by_name("PrivateUsers"), spec) || spec->private_users.mode != USER_NAMESPACE_PICK)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, "UIDMap",
                                 "PrivateUsers= or UserNamespace= says something else");
        if (!spec->uid_map)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, "GIDMap", "UIDMap= is not given");
        if (!spec->gid_map) {
                spec->gid_map = strv_copy(spec->uid_map);
                if (!spec->gid_map)
                        return error_oom(error);
        }

        r = check_lines("UIDMap", spec->uid_map, error);
        if (r >= 0)
                r = check_lines("GIDMap", spec->gid_map, error);
        if (r < 0)
                return r;
        if (id_map_find_root(spec->uid_map, &user) < 0 || id_map_find_root(spec->gid_map, &group) < 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, "UIDMap",
                                 "a machine needs a root: both maps need a line that begins with 0");
        if (user.outside != group.outside)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, "GIDMap",
                                 "root's group has to be the same id outside as root, %" PRIu32, user.outside);

        spec->private_users = (UserNamespace){ .mode = USER_NAMESPACE_FIXED, .base = user.outside, .count = user.count };
        return 0;
}
