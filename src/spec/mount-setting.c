/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-setting.h"

#include <ctype.h>
#include <linux/mount.h>

#include "path-util.h"
#include "string-util.h"
#include "strv.h"

void mount_setting_done(MountSetting *m) {
        strv_free(m->sources);
        free(m->target);
        free(m->options);
        *m = (MountSetting){};
}

int mount_setting_split(const char *s, char ***ret) {
        _cleanup_strv_free_ char **fields = NULL;
        _cleanup_free_ char *field = malloc(strlen(s) + 1);
        char *end = field;

        if (!field)
                return -ENOMEM;

        for (;; s++) {
                if (*s == '\\' && s[1]) {
                        *end++ = *++s;
                        continue;
                }
                if (*s && *s != ':') {
                        *end++ = *s;
                        continue;
                }

                *end = '\0';
                end = field;
                if (strv_append(&fields, field) < 0)
                        return -ENOMEM;
                if (!*s)
                        break;
        }

        *ret = TAKE_PTR(fields);
        return 0;
}

/* One field with what split() would take for something else marked. */
static char *escape_field(const char *s) {
        char *escaped = malloc(2 * strlen(s) + 1), *end = escaped;

        if (!escaped)
                return NULL;
        for (; *s; s++) {
                if (*s == ':' || *s == '\\')
                        *end++ = '\\';
                *end++ = *s;
        }
        *end = '\0';
        return escaped;
}

bool volume_name_is_valid(const char *name) {
        size_t n = strlen(name);

        if (n == 0 || n > 128 || !isascii(name[0]) || !isalnum((unsigned char) name[0]))
                return false;
        for (const char *p = name; *p; p++)
                if (!isascii(*p) || (!isalnum((unsigned char) *p) && !strchr("_.-", *p)))
                        return false;
        return true;
}

static bool is_bind(MountSettingKind kind) {
        return kind == MOUNT_SETTING_BIND || kind == MOUNT_SETTING_BIND_READ_ONLY || kind == MOUNT_SETTING_VOLUME;
}

static bool is_overlay(MountSettingKind kind) {
        return kind == MOUNT_SETTING_OVERLAY || kind == MOUNT_SETTING_OVERLAY_READ_ONLY;
}

/* Options */

static const struct {
        const char *name;
        uint64_t set, clear;
} attribute_options[] = {
        { "ro", MOUNT_ATTR_RDONLY, 0 },
        { "rw", 0, MOUNT_ATTR_RDONLY },
        { "nosuid", MOUNT_ATTR_NOSUID, 0 },
        { "suid", 0, MOUNT_ATTR_NOSUID },
        { "nodev", MOUNT_ATTR_NODEV, 0 },
        { "noexec", MOUNT_ATTR_NOEXEC, 0 },
        { "exec", 0, MOUNT_ATTR_NOEXEC },
        { "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR_STRICTATIME },
        { "strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR_NOATIME },
        { "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
};

static bool set_attribute(MountSetting *m, const char *option) {
        for (size_t i = 0; i < ELEMENTSOF(attribute_options); i++)
                if (streq(option, attribute_options[i].name)) {
                        m->attributes = (m->attributes & ~attribute_options[i].clear) | attribute_options[i].set;
                        return true;
                }
        return false;
}

static bool set_bind_option(MountSetting *m, const char *option) {
        static const struct {
                const char *name;
                MountOwners owners;
        } owners[] = {
                { "idmap", MOUNT_OWNERS_MACHINE },
                { "noidmap", MOUNT_OWNERS_HOST },
                { "rootidmap", MOUNT_OWNERS_ROOT },
                { "owneridmap", MOUNT_OWNERS_TARGET },
        };

        for (size_t i = 0; i < ELEMENTSOF(owners); i++)
                if (streq(option, owners[i].name)) {
                        m->owners = owners[i].owners;
                        return true;
                }

        /* Propagation: nothing but "private" is ever done, which docker's users may say. */
        if (streq(option, "rbind") || streq(option, "rprivate"))
                m->recursive = true;
        else if (streq(option, "norbind") || streq(option, "private"))
                m->recursive = false;
        else
                return false;
        return true;
}

/* tmpfs(5): numbers, sizes and words, nothing that could name anything of the host. */
static bool tmpfs_option_is_valid(const char *option) {
        static const char *const names[] = { "size=", "nr_blocks=", "nr_inodes=", "mode=", "uid=", "gid=", "huge=" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const char *value = startswith(option, names[i]);

                if (!value)
                        continue;
                for (const char *p = value; *p; p++)
                        if (!isascii(*p) || (!isalnum((unsigned char) *p) && *p != '%' && *p != '_'))
                                return false;
                return *value != '\0' && strlen(value) <= 32;
        }
        return false;
}

static int parse_options(MountSetting *m, const char *text) {
        _cleanup_strv_free_ char **options = NULL, **rest = NULL;
        int r = strv_split(text, ",", &options);

        if (r < 0)
                return r;

        STRV_FOREACH(option, options) {
                if (set_attribute(m, *option) || (is_bind(m->kind) && set_bind_option(m, *option)))
                        continue;
                if (m->kind != MOUNT_SETTING_TMPFS || !tmpfs_option_is_valid(*option))
                        return -EINVAL;
                r = strv_append(&rest, *option);
                if (r < 0)
                        return r;
        }

        /* The setting's own name says it; "rw" beside it is a contradiction. */
        if (m->kind == MOUNT_SETTING_BIND_READ_ONLY && !(m->attributes & MOUNT_ATTR_RDONLY))
                return -EINVAL;
        if (!rest)
                return 0;
        m->options = strv_join(rest, ",");
        return m->options ? 0 : -ENOMEM;
}

/* Fields */

static bool path_is_fit(const char *path) {
        enum { PATH_LENGTH_MAX = 4095 };

        return strlen(path) <= PATH_LENGTH_MAX && !str_is_unprintable(path, "");
}

static int parse_target(MountSetting *m, const char *text) {
        int r;

        if (text[0] != '/' || !path_is_fit(text))
                return -EINVAL;
        r = path_make_absolute(text, "/", &m->target);
        if (r < 0)
                return r;
        return streq(m->target, "/") ? -EINVAL : 0;
}

/* A path of the host, or behind a "+" of the machine's tree, in its one normalized form. */
static int parse_source(MountSetting *m, const char *text) {
        const char *path = text[0] == '+' ? text + 1 : text;
        _cleanup_free_ char *normal = NULL;
        int r;

        if (!*text)
                return strv_append(&m->sources, "");
        if (path[0] != '/' || !path_is_fit(path))
                return -EINVAL;
        r = path_make_absolute(path, "/", &normal);
        if (r < 0)
                return r;
        return strv_consume(&m->sources, text[0] == '+' ? str_format("+%s", normal) : TAKE_PTR(normal));
}

static int parse_volume_source(MountSetting *m, const char *text) {
        if (text[0] == '/')
                return parse_source(m, text);
        if (!volume_name_is_valid(text))
                return -EINVAL;
        m->owners = MOUNT_OWNERS_MACHINE;
        return strv_append(&m->sources, text);
}

static int parse_bind(MountSetting *m, char *const *fields, size_t n) {
        const char *target = n > 1 ? fields[1] : fields[0];
        int r;

        if (n > 3 || (m->kind == MOUNT_SETTING_VOLUME && n < 2) || (n == 1 && !*fields[0]))
                return -EINVAL;

        m->recursive = true;
        if (m->kind == MOUNT_SETTING_BIND_READ_ONLY)
                m->attributes = MOUNT_ATTR_RDONLY;

        r = m->kind == MOUNT_SETTING_VOLUME ? parse_volume_source(m, fields[0]) : parse_source(m, fields[0]);
        if (r >= 0)
                r = parse_target(m, n == 1 && target[0] == '+' ? target + 1 : target);
        if (r >= 0 && n > 2)
                r = parse_options(m, fields[2]);
        return r;
}

static int parse_tmpfs(MountSetting *m, char *const *fields, size_t n) {
        int r;

        if (n > 2)
                return -EINVAL;
        m->attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_STRICTATIME;
        r = parse_target(m, fields[0]);
        return r >= 0 && n > 1 ? parse_options(m, fields[1]) : r;
}

/* Two fields: the second is the upper layer and where all is shown. More: the last is where. Only the upper may be empty. */
static int parse_overlay(MountSetting *m, char *const *fields, size_t n) {
        enum { LAYERS_MAX = 128 };
        size_t layers = n > 2 ? n - 1 : n;
        int r = 0;

        if (n < 2 || layers > LAYERS_MAX)
                return -EINVAL;
        for (size_t i = 0; i < layers && r >= 0; i++) {
                bool upper = i + 1 == layers;

                r = !*fields[i] && !(upper && m->kind == MOUNT_SETTING_OVERLAY) ? -EINVAL : parse_source(m, fields[i]);
        }
        return r < 0 ? r : parse_target(m, fields[n - 1]);
}

int mount_setting_parse(MountSettingKind kind, const char *text, MountSetting *ret) {
        _cleanup_mount_setting_ MountSetting m = { .kind = kind };
        _cleanup_strv_free_ char **fields = NULL;
        size_t n;
        int r = mount_setting_split(text, &fields);

        if (r < 0)
                return r;
        n = strv_length(fields);

        switch (kind) {
        case MOUNT_SETTING_BIND:
        case MOUNT_SETTING_BIND_READ_ONLY:
        case MOUNT_SETTING_VOLUME:
                r = parse_bind(&m, fields, n);
                break;
        case MOUNT_SETTING_TMPFS:
                r = parse_tmpfs(&m, fields, n);
                break;
        case MOUNT_SETTING_INACCESSIBLE:
                r = n == 1 ? parse_target(&m, fields[0]) : -EINVAL;
                break;
        case MOUNT_SETTING_OVERLAY:
        case MOUNT_SETTING_OVERLAY_READ_ONLY:
                r = parse_overlay(&m, fields, n);
                break;
        }
        if (r < 0)
                return r;

        *ret = m;
        m = (MountSetting){};
        return 0;
}

bool mount_setting_reaches_host(const MountSetting *m) {
        STRV_FOREACH(source, m->sources)
                if (**source == '/')
                        return true;
        return false;
}

/* Which of the fields are sources that can be relative: a volume's name is none, nspawn's plain word is. */
static bool is_relative_source(MountSettingKind kind, char *const *fields, size_t n, size_t i) {
        const char *field = fields[i];

        if (!*field || *field == '/' || *field == '+')
                return false;
        if (kind == MOUNT_SETTING_VOLUME)
                return i == 0 && *field == '.';
        return is_overlay(kind) ? n == 2 || i + 1 < n : is_bind(kind) && i == 0 && n > 1;
}

int mount_setting_make_absolute(MountSettingKind kind, const char *text, const char *base, char **ret) {
        _cleanup_strv_free_ char **fields = NULL, **whole = NULL;
        size_t n;
        int r = mount_setting_split(text, &fields);

        if (r < 0)
                return r;
        n = strv_length(fields);

        for (size_t i = 0; i < n && r >= 0; i++) {
                _cleanup_free_ char *absolute = NULL;

                if (is_relative_source(kind, fields, n, i))
                        r = path_make_absolute(fields[i], base, &absolute);
                if (r >= 0)
                        r = strv_consume(&whole, escape_field(absolute ? absolute : fields[i]));
        }
        if (r < 0)
                return r;
        *ret = strv_join(whole, ":");
        return *ret ? 0 : -ENOMEM;
}
