/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "specifier.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <systemd/sd-id128.h>

#include "string-util.h"

typedef int (*Lookup)(const Specifiers *specifiers, char **ret);

static int copy(const char *s, char **ret) {
        *ret = strdup(s);
        return *ret ? 0 : -ENOMEM;
}

static int get_percent(const Specifiers *specifiers, char **ret) {
        return copy("%", ret);
}

static int get_instance(const Specifiers *specifiers, char **ret) {
        return copy(specifiers->instance, ret);
}

static int get_prefix(const Specifiers *specifiers, char **ret) {
        return copy(specifiers->prefix, ret);
}

static int get_machine(const Specifiers *specifiers, char **ret) {
        return copy(specifiers->machine, ret);
}

static int copy_id(sd_id128_t id, char **ret) {
        char text[SD_ID128_STRING_MAX];

        return copy(sd_id128_to_string(id, text), ret);
}

static int get_machine_id(const Specifiers *specifiers, char **ret) {
        sd_id128_t id;
        int r = sd_id128_get_machine(&id);

        return r < 0 ? r : copy_id(id, ret);
}

static int get_boot_id(const Specifiers *specifiers, char **ret) {
        sd_id128_t id;
        int r = sd_id128_get_boot(&id);

        return r < 0 ? r : copy_id(id, ret);
}

static int get_host_name(const Specifiers *specifiers, char **ret) {
        struct utsname name;

        return uname(&name) < 0 ? negative_errno() : copy(name.nodename, ret);
}

static int get_short_host_name(const Specifiers *specifiers, char **ret) {
        struct utsname name;

        if (uname(&name) < 0)
                return negative_errno();
        name.nodename[strcspn(name.nodename, ".")] = '\0';
        return copy(name.nodename, ret);
}

static int get_release(const Specifiers *specifiers, char **ret) {
        struct utsname name;

        return uname(&name) < 0 ? negative_errno() : copy(name.release, ret);
}

static const struct {
        char letter;
        Lookup lookup;
} rows[] = {
        { '%', get_percent },   { 'i', get_instance },        { 'I', get_instance },
        { 'p', get_prefix },    { 'P', get_prefix },          { 'n', get_machine },
        { 'N', get_machine },
        { 'm', get_machine_id }, { 'b', get_boot_id },        { 'H', get_host_name },
        { 'l', get_short_host_name }, { 'v', get_release },
};

static int look_up(const Specifiers *specifiers, char letter, const char *text, char **ret, Error *error) {
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (rows[i].letter == letter) {
                        int r = rows[i].lookup(specifiers, ret);

                        return r < 0 ? error_set_errno(error, r, "replacing the specifiers of", text) : 0;
                }
        return error_set(error, ERROR_INVALID_VALUE, EINVAL, "replacing the specifiers of", text,
                         letter ? "there is no %%%c; a percent sign is written %%%%" : "a percent sign is written %%%%", letter);
}

int specifiers_expand(const Specifiers *specifiers, const char *text, char **ret, Error *error) {
        _cleanup_free_ char *done = strdup("");

        for (const char *p = text; done && *p;) {
                _cleanup_free_ char *value = NULL;
                size_t n = strcspn(p, "%");
                char *longer;
                int r;

                if (p[n] == '%') {
                        r = look_up(specifiers, p[n + 1], text, &value, error);
                        if (r < 0)
                                return r;
                }
                longer = str_format("%s%.*s%s", done, (int) n, p, strempty(value));
                free(done);
                done = longer;
                p += n + (p[n] == '%' ? 2 : 0);
        }
        if (!done)
                return error_oom(error);
        *ret = TAKE_PTR(done);
        return 0;
}
