/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The types of the system call filter's settings. */

#include <ctype.h>

#include "parse-util.h"
#include "seccomp-profile.h"
#include "setting.h"
#include "string-util.h"
#include "strv.h"

/* "EPERM" or a number. */
static int parse_errno(const char *text, int *ret) {
        enum { ERRNO_MAX = 4095, ERRNO_NAMED_MAX = 256 };
        uint32_t number;

        if (parse_u32(text, &number) >= 0) {
                *ret = (int) number;
                return number >= 1 && number <= ERRNO_MAX ? 0 : -ERANGE;
        }
        for (int i = 1; i < ERRNO_NAMED_MAX; i++)
                if (streq_ptr(strerrorname_np(i), text)) {
                        *ret = i;
                        return 0;
                }
        return -EINVAL;
}

static bool call_name_is_valid(const char *s) {
        const char *name = *s == '@' ? s + 1 : s;

        for (const char *p = name; *p; p++)
                if (!isascii(*p) || (!islower(*p) && !isdigit(*p) && *p != '_' && *p != '-'))
                        return false;
        return *name && strlen(name) <= 64;
}

int system_call_word_parse(const char *word, char **ret_name, int *ret_errno) {
        bool denied = *word == '~';
        const char *text = word + denied, *colon = strchrnul(text, ':');
        _cleanup_free_ char *name = strndup(text, (size_t) (colon - text));
        int number = denied ? EPERM : 0, r;

        if (!name)
                return -ENOMEM;
        r = *colon ? parse_errno(colon + 1, &number) : 0;
        if (r < 0 || !call_name_is_valid(name))
                return -EINVAL;

        *ret_name = TAKE_PTR(name);
        *ret_errno = number;
        return 0;
}

/* A "~" before the first word is meant for all of the line (systemd.exec(5)); each word is kept with its own. */
static int parse_system_calls(void *field, const char *text) {
        enum { WORDS_MAX = 2048 };
        _cleanup_strv_free_ char **words = NULL, **checked = NULL;
        bool denied = text[strspn(text, " \t")] == '~';
        int r = strv_split(text, " \t", &words);

        if (r < 0)
                return r;
        if (!words || strv_length(words) + strv_length(*(char ***) field) > WORDS_MAX)
                return -EINVAL;

        STRV_FOREACH(word, words) {
                _cleanup_free_ char *name = NULL, *whole = NULL;
                int number;

                /* "~ name" and "~name name" are the same. */
                if (streq(*word, "~"))
                        continue;
                whole = denied && **word != '~' ? str_format("~%s", *word) : strdup(*word);
                r = whole ? system_call_word_parse(whole, &name, &number) : -ENOMEM;
                if (r >= 0)
                        r = strv_consume(&checked, TAKE_PTR(whole));
                if (r < 0)
                        return r;
        }

        STRV_FOREACH(word, checked) {
                r = strv_append(field, *word);
                if (r < 0)
                        return r;
        }
        return checked ? 0 : -EINVAL;
}

static int format_system_calls(const void *field, char ***ret) {
        *ret = strv_copy(*(char **const *) field);
        return *ret ? 0 : -ENOMEM;
}

static void clear_system_calls(void *field) {
        *(char ***) field = strv_free(*(char ***) field);
}

/* What takes calls away stays inside; what adds some opens more of the host's kernel. */
static bool system_calls_reach_host(const void *field) {
        STRV_FOREACH(word, *(char **const *) field)
                if (**word != '~' && !strchr(*word, ':'))
                        return true;
        return false;
}

const SettingType type_system_calls = {
        .name = "system-calls", .metavar = "CALL", .signature = "as", .list = true,
        .allowed = "system calls and @groups to add, or after a '~' to take away; with ':ERRNO' how a call fails",
        .parse = parse_system_calls, .format_list = format_system_calls, .clear = clear_system_calls,
        .reaches_host = system_calls_reach_host,
};

static int parse_profile(void *field, const char *text) {
        _cleanup_free_ char *compact = NULL;
        int r;

        if (streq(text, "unconfined"))
                return str_replace(field, text);
        r = seccomp_profile_compact(text, &compact, NULL);
        if (r < 0)
                return r;
        free(*(char **) field);
        *(char **) field = TAKE_PTR(compact);
        return 0;
}

static int format_profile(const void *field, char **ret) {
        const char *value = *(char *const *) field;

        *ret = value ? strdup(value) : NULL;
        return !value || *ret ? 0 : -ENOMEM;
}

static void clear_profile(void *field) {
        (void) str_replace(field, NULL);
}

const SettingType type_seccomp_profile = {
        .name = "seccomp-profile", .metavar = "JSON", .signature = "s",
        .allowed = "unconfined, or a seccomp profile as docker and OCI bundles write it",
        .parse = parse_profile, .format = format_profile, .clear = clear_profile,
};

/* Only its texts are used: the values are other rows'. */
const SettingType type_security_group = {
        .name = "security", .metavar = "NAME[=VALUE]", .signature = "s",
        .allowed = "no-new-privileges[=BOOL], seccomp=FILE, seccomp=unconfined, unmask=PATH or apparmor=NAME",
};
