/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How values of each type are read, checked and written back. format() of a value gives what parse() takes. */

#include <ctype.h>
#include <inttypes.h>
#include <sys/capability.h>

#include "parse-util.h"
#include "path-util.h"
#include "setting.h"
#include "string-util.h"
#include "strv.h"

/* boolean: a bool */

static int parse_boolean_field(void *field, const char *text) {
        return parse_boolean(text, field);
}

static int format_boolean(const void *field, char **ret) {
        *ret = strdup(*(const bool *) field ? "yes" : "no");
        return *ret ? 0 : -ENOMEM;
}

static void clear_boolean(void *field) {
        *(bool *) field = false;
}

const SettingType type_boolean = {
        .name = "boolean", .metavar = "BOOL", .signature = "b",
        .allowed = "a boolean: yes or no",
        .parse = parse_boolean_field, .format = format_boolean, .clear = clear_boolean,
};

/* no: the host's network, which is the host's affair */
static bool network_reaches_host(const void *field) {
        return !*(const bool *) field;
}

const SettingType type_private_network = {
        .name = "boolean", .metavar = "BOOL", .signature = "b",
        .allowed = "a boolean: yes or no",
        .parse = parse_boolean_field, .format = format_boolean, .clear = clear_boolean, .reaches_host = network_reaches_host,
};

/* strings of several kinds: a char * */

static int format_string(const void *field, char **ret) {
        const char *value = *(char *const *) field;

        *ret = NULL;
        if (!value)
                return 0;
        *ret = strdup(value);
        return *ret ? 0 : -ENOMEM;
}

static void clear_string(void *field) {
        (void) str_replace(field, NULL);
}

/* Long enough for anything sensible, short enough that no caller can make the manager hold much. */
enum { STRING_MAX = 64 * 1024 };

static bool string_is_fit(const char *text) {
        return strlen(text) <= STRING_MAX && !str_is_unprintable(text, "\t\n\r");
}

static int parse_string(void *field, const char *text) {
        return string_is_fit(text) ? str_replace(field, text) : -EINVAL;
}

const SettingType type_string = {
        .name = "string", .metavar = "TEXT", .signature = "s",
        .allowed = "valid text (UTF-8, no control characters)",
        .parse = parse_string, .format = format_string, .clear = clear_string,
};

static int parse_path(void *field, const char *text) {
        if (!string_is_fit(text) || !path_is_normalized(text))
                return -EINVAL;
        return str_replace(field, text);
}

const SettingType type_path = {
        .name = "path", .metavar = "PATH", .signature = "s",
        .allowed = "an absolute path without '.' and '..'",
        .parse = parse_path, .format = format_string, .clear = clear_string,
};

/* Dot-separated labels of letters, digits and inner dashes (hostname(7)), as the kernel keeps at most 64 characters. */
static bool hostname_is_valid(const char *s) {
        size_t n = strlen(s);

        if (n < 1 || n > SPEC_NAME_MAX)
                return false;

        for (const char *p = s; *p; p++) {
                bool edge = p == s || p[-1] == '.' || !p[1] || p[1] == '.';

                if (!isascii(*p) || (!isalnum(*p) && *p != '-' && *p != '.'))
                        return false;
                if ((*p == '-' || *p == '.') && edge)
                        return false;
        }
        return true;
}

static int parse_hostname(void *field, const char *text) {
        return hostname_is_valid(text) ? str_replace(field, text) : -EINVAL;
}

const SettingType type_hostname = {
        .name = "hostname", .metavar = "NAME", .signature = "s",
        .allowed = "a host name: letters, digits, '-' and '.', at most 64, with no '-' or '.' at the ends of its parts",
        .parse = parse_hostname, .format = format_string, .clear = clear_string,
};

static bool user_part_is_valid(const char *s, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!isascii(s[i]) || (!isalnum(s[i]) && !strchr("-_.$", s[i])))
                        return false;
        return n > 0 && n <= 256 && s[0] != '-';
}

static int parse_user(void *field, const char *text) {
        const char *colon = strchrnul(text, ':');

        if (!user_part_is_valid(text, (size_t) (colon - text)) || (*colon && !user_part_is_valid(colon + 1, strlen(colon + 1))))
                return -EINVAL;
        return str_replace(field, text);
}

const SettingType type_user = {
        .name = "user", .metavar = "USER[:GROUP]", .signature = "s",
        .allowed = "a user name or id, with an optional ':' and group name or id",
        .parse = parse_user, .format = format_string, .clear = clear_string,
};

/* systemd.slice(5): dash-separated parts, no empty one; "-.slice" is the root. */
static int parse_slice(void *field, const char *text) {
        size_t n = strlen(text), stem = n - strlen(".slice");

        if (n <= strlen(".slice") || n > 255 || !streq(text + stem, ".slice"))
                return -EINVAL;
        if (streq(text, "-.slice"))
                return str_replace(field, text);

        for (size_t i = 0; i < stem; i++) {
                bool empty_part = text[i] == '-' && (i == 0 || i + 1 == stem || text[i + 1] == '-');

                if (!isascii(text[i]) || (!isalnum(text[i]) && !strchr(":-_.\\@", text[i])) || empty_part)
                        return -EINVAL;
        }
        return str_replace(field, text);
}

const SettingType type_slice = {
        .name = "slice", .metavar = "SLICE", .signature = "s",
        .allowed = "the name of a slice unit, like machine.slice",
        .parse = parse_slice, .format = format_string, .clear = clear_string,
};

/* signal: an int */

static int parse_signal_field(void *field, const char *text) {
        return parse_signal(text, field);
}

static int format_signal(const void *field, char **ret) {
        char buffer[SIGNAL_NAME_MAX];

        *ret = strdup(signal_name(*(const int *) field, buffer));
        return *ret ? 0 : -ENOMEM;
}

static void clear_signal(void *field) {
        *(int *) field = 0;
}

const SettingType type_signal = {
        .name = "signal", .metavar = "SIGNAL", .signature = "s",
        .allowed = "a signal: a name like SIGTERM or RTMIN+3, or a number",
        .parse = parse_signal_field, .format = format_signal, .clear = clear_signal,
};

/* timespan: microseconds in a uint64_t */

static int parse_timespan(void *field, const char *text) {
        return parse_usec(text, field);
}

static int format_timespan(const void *field, char **ret) {
        uint64_t usec = *(const uint64_t *) field;

        if (usec == USEC_INFINITY)
                *ret = strdup("infinity");
        else if (usec % USEC_PER_SEC == 0)
                *ret = str_format("%" PRIu64 "s", usec / USEC_PER_SEC);
        else
                *ret = str_format("%" PRIu64 "us", usec);
        return *ret ? 0 : -ENOMEM;
}

static void clear_u64(void *field) {
        *(uint64_t *) field = 0;
}

const SettingType type_timespan = {
        .name = "timespan", .metavar = "TIME", .signature = "s",
        .allowed = "a time span like 90s, 1min 30s, 500ms or infinity",
        .parse = parse_timespan, .format = format_timespan, .clear = clear_u64,
};

/* lists of strings: a char ** */

enum { LIST_MAX = 4096 };

static int add_string(void *field, const char *text) {
        return strv_length(*(char ***) field) >= LIST_MAX ? -ERANGE : strv_append(field, text);
}

static int parse_strings(void *field, const char *text) {
        /* Arguments of a command may hold any byte but NUL; they are not shown on a terminal unescaped. */
        return strlen(text) > STRING_MAX ? -ERANGE : add_string(field, text);
}

static int format_strings(const void *field, char ***ret) {
        *ret = strv_copy(*(char **const *) field);
        return *ret ? 0 : -ENOMEM;
}

static void clear_strings(void *field) {
        *(char ***) field = strv_free(*(char ***) field);
}

const SettingType type_strings = {
        .name = "strings", .metavar = "TEXT", .signature = "as", .list = true, .words = true,
        .allowed = "text of at most 64K",
        .parse = parse_strings, .format_list = format_strings, .clear = clear_strings,
};

static int parse_environment(void *field, const char *text) {
        size_t n = strcspn(text, "=");

        if (n == 0 || !text[n] || strlen(text) > STRING_MAX || isdigit((unsigned char) text[0]))
                return -EINVAL;
        for (size_t i = 0; i < n; i++)
                if (!isascii(text[i]) || (!isalnum(text[i]) && text[i] != '_'))
                        return -EINVAL;
        return add_string(field, text);
}

const SettingType type_environment = {
        .name = "environment", .metavar = "NAME=VALUE", .signature = "as", .list = true, .words = true,
        .allowed = "NAME=VALUE with a name of letters, digits and '_'",
        .parse = parse_environment, .format_list = format_strings, .clear = clear_strings,
};

static int parse_property(void *field, const char *text) {
        size_t n = strcspn(text, "=");

        if (n == 0 || !text[n] || !string_is_fit(text) || !isupper((unsigned char) text[0]))
                return -EINVAL;
        for (size_t i = 0; i < n; i++)
                if (!isascii(text[i]) || !isalnum(text[i]))
                        return -EINVAL;
        return add_string(field, text);
}

const SettingType type_properties = {
        .name = "properties", .metavar = "NAME=VALUE", .signature = "as", .list = true,
        .allowed = "NAME=VALUE with the name of a unit property",
        .parse = parse_property, .format_list = format_strings, .clear = clear_strings,
};

/* capabilities: a mask in a uint64_t; "all" is every bit that the library knows */

static int parse_capabilities(void *field, const char *text) {
        _cleanup_strv_free_ char **words = NULL;
        uint64_t mask = 0;
        int r = strv_split(text, ", \t", &words);

        if (r < 0)
                return r;

        STRV_FOREACH(word, words) {
                _cleanup_free_ char *name = NULL;
                cap_value_t value;

                if (strcasecmp(*word, "all") == 0) {
                        mask |= (UINT64_C(1) << (CAP_LAST_CAP + 1)) - 1;
                        continue;
                }

                name = strncasecmp(*word, "cap_", 4) == 0 ? strdup(*word) : str_format("cap_%s", *word);
                if (!name)
                        return -ENOMEM;
                if (cap_from_name(name, &value) < 0 || value > CAP_LAST_CAP)
                        return -EINVAL;
                mask |= UINT64_C(1) << value;
        }

        if (!words)
                return -EINVAL;
        *(uint64_t *) field |= mask;
        return 0;
}

static int format_capabilities(const void *field, char ***ret) {
        _cleanup_strv_free_ char **names = NULL;

        for (cap_value_t value = 0; value <= CAP_LAST_CAP; value++)
                if (*(const uint64_t *) field & UINT64_C(1) << value) {
                        char *name = cap_to_name(value);
                        int r = name ? strv_append(&names, name) : -ENOMEM;

                        cap_free(name);
                        if (r < 0)
                                return r;
                }

        *ret = TAKE_PTR(names);
        return 0;
}

const SettingType type_capabilities = {
        .name = "capabilities", .metavar = "CAP", .signature = "as", .list = true, .words = true,
        .allowed = "a capability like CAP_NET_ADMIN (capabilities(7)), or all",
        .parse = parse_capabilities, .format_list = format_capabilities, .clear = clear_u64,
};

/* user namespace: a UserNamespace */

static int parse_range(const char *text, UserNamespace *ret) {
        _cleanup_free_ char *base = NULL;
        const char *colon = strchr(text, ':');
        UserNamespace range = { .mode = USER_NAMESPACE_FIXED, .count = USER_NAMESPACE_COUNT };
        int r;

        base = colon ? strndup(text, (size_t) (colon - text)) : strdup(text);
        if (!base)
                return -ENOMEM;

        r = parse_u32(base, &range.base);
        if (r >= 0 && colon)
                r = parse_u32(colon + 1, &range.count);
        if (r < 0)
                return r;

        /* Base 0 would be the host's own ids, which is what "identity" says in so many words. */
        if (range.base == 0 || range.count == 0 || (uint64_t) range.base + range.count >= UINT32_MAX)
                return -ERANGE;
        *ret = range;
        return 0;
}

static int parse_user_namespace(void *field, const char *text) {
        UserNamespace *users = field;

        if (streq(text, "pick"))
                *users = (UserNamespace){ .mode = USER_NAMESPACE_PICK };
        else if (streq(text, "no"))
                *users = (UserNamespace){ .mode = USER_NAMESPACE_NO };
        else if (streq(text, "joined")) /* what UserNamespace= makes of it, in a spec that was resolved */
                *users = (UserNamespace){ .mode = USER_NAMESPACE_JOINED };
        else if (streq(text, "identity"))
                *users = (UserNamespace){ .mode = USER_NAMESPACE_IDENTITY, .base = 0, .count = USER_NAMESPACE_COUNT };
        else
                return parse_range(text, users);
        return 0;
}

static int format_user_namespace(const void *field, char **ret) {
        const UserNamespace *users = field;

        switch (users->mode) {
        case USER_NAMESPACE_PICK:
                *ret = strdup("pick");
                break;
        case USER_NAMESPACE_NO:
                *ret = strdup("no");
                break;
        case USER_NAMESPACE_IDENTITY:
                *ret = strdup("identity");
                break;
        case USER_NAMESPACE_JOINED:
                *ret = strdup("joined");
                break;
        case USER_NAMESPACE_FIXED:
                *ret = str_format("%" PRIu32 ":%" PRIu32, users->base, users->count);
                break;
        }
        return *ret ? 0 : -ENOMEM;
}

static void clear_user_namespace(void *field) {
        *(UserNamespace *) field = (UserNamespace){};
}

/* Ids of the host, or ids that another machine or user may own, are the host's affair. */
static bool user_namespace_reaches_host(const void *field) {
        return ((const UserNamespace *) field)->mode != USER_NAMESPACE_PICK;
}

const SettingType type_user_namespace = {
        .name = "user-namespace", .metavar = "MODE", .signature = "s",
        .allowed = "no, pick, identity, or BASE[:COUNT] with a base of at least 1",
        .parse = parse_user_namespace, .format = format_user_namespace, .clear = clear_user_namespace,
        .reaches_host = user_namespace_reaches_host,
};
