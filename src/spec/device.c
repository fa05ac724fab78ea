/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device.h"

#include <sys/stat.h>

#include "path-util.h"
#include "setting.h"
#include "string-util.h"
#include "strv.h"

void device_done(Device *device) {
        free(device->host);
        free(device->path);
        free(device->access);
        *device = DEVICE_NULL;
}

static bool access_is_valid(const char *s) {
        size_t n = strlen(s);

        if (n == 0 || n > 3 || s[strspn(s, "rwm")])
                return false;
        for (size_t i = 0; i < n; i++)
                if (strchr(s + i + 1, s[i]))
                        return false;
        return true;
}

/* Where nodes can be: in /dev itself and in folders of its own, but not where berth mounts something else. */
static bool path_is_valid(const char *path) {
        static const char *const taken[] = { "pts",    "shm",  "mqueue", "console", "ptmx",   "fd",      "stdin", "stdout",
                                             "stderr", "null", "zero",   "full",    "random", "urandom", "tty" };
        const char *name = startswith(path, "/dev/");

        if (!name || !path_is_normalized(path) || str_is_unprintable(path, ""))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(taken); i++)
                if (strcspn(name, "/") == strlen(taken[i]) && startswith(name, taken[i]))
                        return false;
        return true;
}

static int take_words(char *const *words, size_t n, Device *d) {
        bool access_alone = n == 2 && access_is_valid(words[1]);

        if (str_replace(&d->host, words[0]) < 0 || str_replace(&d->path, n >= 2 && !access_alone ? words[1] : words[0]) < 0 ||
            str_replace(&d->access, n == 3         ? words[2]
                                    : access_alone ? words[1]
                                                   : "rwm") < 0)
                return -ENOMEM;
        return 0;
}

int device_parse(const char *text, Device *ret) {
        _cleanup_strv_free_ char **words = NULL;
        _cleanup_device_ Device d = DEVICE_NULL;
        size_t n, colons = 0;
        int r = strv_split(text, ":", &words);

        if (r < 0)
                return r;
        for (const char *p = text; *p; p++)
                colons += *p == ':';
        n = strv_length(words);
        if (n < 1 || n > 3 || colons != n - 1)
                return -EINVAL;

        r = take_words(words, n, &d);
        if (r < 0)
                return r;
        if (!path_is_normalized(d.host) || str_is_unprintable(d.host, "") || !path_is_valid(d.path) || !access_is_valid(d.access))
                return -EINVAL;

        *ret = d;
        d = DEVICE_NULL;
        return 0;
}

int device_number(const Device *device, mode_t *ret_type, dev_t *ret_number) {
        struct stat st;

        if (stat(device->host, &st) < 0)
                return negative_errno();
        if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
                return -ENODEV;
        *ret_type = st.st_mode & S_IFMT;
        *ret_number = st.st_rdev;
        return 0;
}

/* devices: a char ** of their full form */

enum { DEVICES_MAX = 256 };

static int parse_devices(void *field, const char *text) {
        _cleanup_device_ Device d = DEVICE_NULL;
        int r = device_parse(text, &d);

        if (r < 0)
                return r;
        if (strv_length(*(char ***) field) >= DEVICES_MAX)
                return -ERANGE;
        return strv_consume(field, str_format("%s:%s:%s", d.host, d.path, d.access));
}

static int format_devices(const void *field, char ***ret) {
        *ret = strv_copy(*(char **const *) field);
        return *ret ? 0 : -ENOMEM;
}

static void clear_devices(void *field) {
        *(char ***) field = strv_free(*(char ***) field);
}

const SettingType type_devices = {
        .name = "devices", .metavar = "HOST[:PATH[:ACCESS]]", .signature = "as", .list = true,
        .allowed = "the path of a device, with an optional ':' and path below /dev in the machine, and an optional ':' and "
                   "some of the letters rwm",
        .parse = parse_devices, .format_list = format_devices, .clear = clear_devices,
};
