/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Types of settings that mount something: lists of text, checked here by mount-setting.c. */

#include "setting-mount-types.h"

#include "path-util.h"
#include "string-util.h"
#include "strv.h"

enum { MOUNTS_MAX = 1024, TEXT_MAX = 64 * 1024 };

static int add_mount(MountSettingKind kind, void *field, const char *text) {
        _cleanup_mount_setting_ MountSetting m = {};
        char ***list = field;
        int r = strlen(text) > TEXT_MAX ? -EINVAL : mount_setting_parse(kind, text, &m);

        if (r < 0)
                return r;
        return strv_length(*list) >= MOUNTS_MAX ? -ERANGE : strv_append(list, text);
}

static int format_mounts(const void *field, char ***ret) {
        *ret = strv_copy(*(char **const *) field);
        return *ret ? 0 : -ENOMEM;
}

static void clear_mounts(void *field) {
        *(char ***) field = strv_free(*(char ***) field);
}

/* What cannot be read is taken for what reaches farthest. */
static bool any_reaches_host(MountSettingKind kind, const void *field) {
        STRV_FOREACH(text, *(char **const *) field) {
                _cleanup_mount_setting_ MountSetting m = {};

                if (mount_setting_parse(kind, *text, &m) < 0 || mount_setting_reaches_host(&m))
                        return true;
        }
        return false;
}

#define DEFINE_MOUNT_TYPE(id, mount_kind, type_name, placeholder, what)                                 \
        static int parse_##id(void *field, const char *text) {                                          \
                return add_mount(mount_kind, field, text);                                              \
        }                                                                                               \
        static bool id##_reaches_host(const void *field) {                                              \
                return any_reaches_host(mount_kind, field);                                             \
        }                                                                                               \
        const SettingType type_##id = {                                                                 \
                .name = type_name, .metavar = placeholder, .signature = "as", .list = true,             \
                .allowed = what,                                                                        \
                .parse = parse_##id, .format_list = format_mounts, .clear = clear_mounts,               \
                .reaches_host = id##_reaches_host,                                                      \
        }

#define BIND_ALLOWED                                                                                                          \
        "SOURCE[:TARGET[:OPTIONS]] with absolute paths and options like ro, idmap, rootidmap, owneridmap, norbind, nosuid, " \
        "nodev, noexec"

DEFINE_MOUNT_TYPE(bind, MOUNT_SETTING_BIND, "bind", "SOURCE[:TARGET[:OPTIONS]]", BIND_ALLOWED);
DEFINE_MOUNT_TYPE(bind_read_only, MOUNT_SETTING_BIND_READ_ONLY, "bind-read-only", "SOURCE[:TARGET[:OPTIONS]]", BIND_ALLOWED);
DEFINE_MOUNT_TYPE(volume, MOUNT_SETTING_VOLUME, "volume", "SOURCE:TARGET[:OPTIONS]",
                  "SOURCE:TARGET[:OPTIONS] with a path or the name of a volume as the source");
DEFINE_MOUNT_TYPE(tmpfs, MOUNT_SETTING_TMPFS, "tmpfs", "TARGET[:OPTIONS]",
                  "TARGET[:OPTIONS] with an absolute path and options of tmpfs(5) or ro, noexec, …");
DEFINE_MOUNT_TYPE(inaccessible, MOUNT_SETTING_INACCESSIBLE, "inaccessible", "PATH", "an absolute path other than /");
DEFINE_MOUNT_TYPE(overlay, MOUNT_SETTING_OVERLAY, "overlay", "LOWER[:LOWER…]:UPPER:TARGET",
                  "LOWER[:LOWER…]:UPPER:TARGET with absolute paths, where UPPER may be empty");
DEFINE_MOUNT_TYPE(overlay_read_only, MOUNT_SETTING_OVERLAY_READ_ONLY, "overlay-read-only", "LOWER[:LOWER…]:TARGET",
                  "LOWER:LOWER[:LOWER…]:TARGET with absolute paths");

bool setting_type_to_mount_kind(const SettingType *type, MountSettingKind *ret) {
        static const struct {
                const SettingType *type;
                MountSettingKind kind;
        } kinds[] = {
                { &type_bind, MOUNT_SETTING_BIND },
                { &type_bind_read_only, MOUNT_SETTING_BIND_READ_ONLY },
                { &type_volume, MOUNT_SETTING_VOLUME },
                { &type_tmpfs, MOUNT_SETTING_TMPFS },
                { &type_inaccessible, MOUNT_SETTING_INACCESSIBLE },
                { &type_overlay, MOUNT_SETTING_OVERLAY },
                { &type_overlay_read_only, MOUNT_SETTING_OVERLAY_READ_ONLY },
        };

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (kinds[i].type == type) {
                        *ret = kinds[i].kind;
                        return true;
                }
        return false;
}

/* Volatile: a VolatileMode */

static const char *const volatile_modes[] = {
        [VOLATILE_NO] = "no",
        [VOLATILE_YES] = "yes",
        [VOLATILE_STATE] = "state",
        [VOLATILE_OVERLAY] = "overlay",
};
static_assert(ELEMENTSOF(volatile_modes) == _VOLATILE_MODE_MAX, "each mode has a name");

static int parse_volatile(void *field, const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(volatile_modes); i++)
                if (streq(text, volatile_modes[i])) {
                        *(VolatileMode *) field = (VolatileMode) i;
                        return 0;
                }
        return -EINVAL;
}

static int format_volatile(const void *field, char **ret) {
        *ret = strdup(volatile_modes[*(const VolatileMode *) field]);
        return *ret ? 0 : -ENOMEM;
}

static void clear_volatile(void *field) {
        *(VolatileMode *) field = VOLATILE_NO;
}

const SettingType type_volatile = {
        .name = "volatile", .metavar = "MODE", .signature = "s",
        .allowed = "no, yes, state or overlay",
        .parse = parse_volatile, .format = format_volatile, .clear = clear_volatile,
};

/* NEW[:OLD], both paths of the tree: text */

static int parse_pivot_root(void *field, const char *text) {
        _cleanup_strv_free_ char **paths = NULL;
        int r = mount_setting_split(text, &paths);

        if (r < 0)
                return r;
        if (strlen(text) > TEXT_MAX || strv_length(paths) > 2)
                return -EINVAL;
        STRV_FOREACH(path, paths)
                if (!path_is_normalized(*path) || streq(*path, "/") || str_is_unprintable(*path, ""))
                        return -EINVAL;
        return str_replace(field, text);
}

static int format_text(const void *field, char **ret) {
        const char *value = *(char *const *) field;

        *ret = value ? strdup(value) : NULL;
        return value && !*ret ? -ENOMEM : 0;
}

static void clear_text(void *field) {
        (void) str_replace(field, NULL);
}

const SettingType type_pivot_root = {
        .name = "pivot-root", .metavar = "NEW[:OLD]", .signature = "s",
        .allowed = "NEW[:OLD] with absolute paths of the tree other than /",
        .parse = parse_pivot_root, .format = format_text, .clear = clear_text,
};
