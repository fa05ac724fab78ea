/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Types of unit properties: checked here in systemd's own syntax (systemd.resource-control(5)) and kept as
 * the text that was given. src/systemd turns the text into what goes over the wire.
 */

#include "parse-util.h"
#include "setting.h"
#include "string-util.h"
#include "strv.h"

static int format_text(const void *field, char **ret) {
        const char *value = *(char *const *) field;

        *ret = value ? strdup(value) : NULL;
        return value && !*ret ? -ENOMEM : 0;
}

static void clear_text(void *field) {
        (void) str_replace(field, NULL);
}

static int parse_within(void *field, const char *text, uint64_t least, uint64_t most) {
        uint64_t value;
        int r = parse_u64(text, &value);

        if (r < 0)
                return r;
        return value < least || value > most ? -ERANGE : str_replace(field, text);
}

static int parse_unit_size(void *field, const char *text) {
        uint32_t permyriad;
        uint64_t bytes;

        if (parse_permyriad(text, /* above= */ false, &permyriad) < 0 && parse_size(text, &bytes) < 0)
                return -EINVAL;
        return str_replace(field, text);
}

const SettingType type_unit_size = {
        .name = "size", .metavar = "BYTES", .signature = "s",
        .allowed = "a size in bytes, with K, M, G or T behind it, a percentage, or infinity",
        .parse = parse_unit_size, .format = format_text, .clear = clear_text,
};

static int parse_unit_weight(void *field, const char *text) {
        return parse_within(field, text, 1, 10000);
}

const SettingType type_unit_weight = {
        .name = "weight", .metavar = "WEIGHT", .signature = "s",
        .allowed = "a weight between 1 and 10000",
        .parse = parse_unit_weight, .format = format_text, .clear = clear_text,
};

static int parse_unit_cpu_weight(void *field, const char *text) {
        return streq(text, "idle") ? str_replace(field, text) : parse_unit_weight(field, text);
}

const SettingType type_unit_cpu_weight = {
        .name = "cpu-weight", .metavar = "WEIGHT", .signature = "s",
        .allowed = "a weight between 1 and 10000, or idle",
        .parse = parse_unit_cpu_weight, .format = format_text, .clear = clear_text,
};

static int parse_unit_block_io_weight(void *field, const char *text) {
        return parse_within(field, text, 10, 1000);
}

const SettingType type_unit_block_io_weight = {
        .name = "block-io-weight", .metavar = "WEIGHT", .signature = "s",
        .allowed = "a weight between 10 and 1000",
        .parse = parse_unit_block_io_weight, .format = format_text, .clear = clear_text,
};

static int parse_unit_shares(void *field, const char *text) {
        return parse_within(field, text, 2, 262144);
}

const SettingType type_unit_shares = {
        .name = "shares", .metavar = "SHARES", .signature = "s",
        .allowed = "CPU shares between 2 and 262144",
        .parse = parse_unit_shares, .format = format_text, .clear = clear_text,
};

static int parse_unit_quota(void *field, const char *text) {
        uint32_t permyriad;
        int r = parse_permyriad(text, /* above= */ true, &permyriad);

        if (r < 0)
                return r;
        return permyriad == 0 ? -ERANGE : str_replace(field, text);
}

const SettingType type_unit_quota = {
        .name = "quota", .metavar = "PERCENT", .signature = "s",
        .allowed = "a percentage of one CPU above 0%, like 20% or 250%",
        .parse = parse_unit_quota, .format = format_text, .clear = clear_text,
};

static int parse_unit_tasks(void *field, const char *text) {
        uint32_t permyriad;
        uint64_t tasks;

        if (streq(text, "infinity") || parse_permyriad(text, /* above= */ false, &permyriad) >= 0)
                return str_replace(field, text);
        if (parse_u64(text, &tasks) < 0 || tasks == 0)
                return -EINVAL;
        return str_replace(field, text);
}

const SettingType type_unit_tasks = {
        .name = "tasks", .metavar = "NUMBER", .signature = "s",
        .allowed = "a number above 0, a percentage, or infinity",
        .parse = parse_unit_tasks, .format = format_text, .clear = clear_text,
};

static int parse_unit_percent(void *field, const char *text) {
        uint32_t permyriad;
        int r = parse_permyriad(text, /* above= */ false, &permyriad);

        return r < 0 ? r : str_replace(field, text);
}

const SettingType type_unit_percent = {
        .name = "percent", .metavar = "PERCENT", .signature = "s",
        .allowed = "a percentage between 0% and 100%",
        .parse = parse_unit_percent, .format = format_text, .clear = clear_text,
};

/* As the kernel takes it (max_cfs_quota_period in kernel/sched/core.c). */
static int parse_unit_period(void *field, const char *text) {
        uint64_t usec;
        int r = parse_usec(text, &usec);

        if (r < 0)
                return r;
        return usec < USEC_PER_MSEC || usec > USEC_PER_SEC ? -ERANGE : str_replace(field, text);
}

const SettingType type_unit_period = {
        .name = "period", .metavar = "TIME", .signature = "s",
        .allowed = "a time span between 1ms and 1s",
        .parse = parse_unit_period, .format = format_text, .clear = clear_text,
};

static int parse_unit_cpus(void *field, const char *text) {
        uint8_t bits[CPU_SET_BYTES];
        size_t n;
        int r = parse_cpu_set(text, bits, &n);

        if (r < 0)
                return r;
        return n == 0 ? -EINVAL : str_replace(field, text);
}

const SettingType type_unit_cpus = {
        .name = "cpus", .metavar = "NUMBERS", .signature = "s",
        .allowed = "numbers and ranges like 0-3,8",
        .parse = parse_unit_cpus, .format = format_text, .clear = clear_text,
};

static int parse_unit_boolean(void *field, const char *text) {
        bool value;
        int r = parse_boolean(text, &value);

        return r < 0 ? r : str_replace(field, value ? "yes" : "no");
}

const SettingType type_unit_boolean = {
        .name = "unit-boolean", .metavar = "BOOL", .signature = "s",
        .allowed = "a boolean: yes or no",
        .parse = parse_unit_boolean, .format = format_text, .clear = clear_text,
};

/* One of a few words */

static int parse_word(void *field, const char *text, const char *const *words) {
        for (; *words; words++)
                if (streq(text, *words))
                        return str_replace(field, text);
        return -EINVAL;
}

static int parse_unit_device_policy(void *field, const char *text) {
        return parse_word(field, text, (const char *const[]){ "auto", "closed", "strict", NULL });
}

/* auto: all devices, where none is given */
static bool device_policy_reaches_host(const void *field) {
        return streq_ptr(*(char *const *) field, "auto");
}

const SettingType type_unit_device_policy = {
        .name = "device-policy", .metavar = "POLICY", .signature = "s",
        .allowed = "auto, closed or strict",
        .parse = parse_unit_device_policy, .format = format_text, .clear = clear_text,
        .reaches_host = device_policy_reaches_host,
};

static int parse_unit_oom(void *field, const char *text) {
        return parse_word(field, text, (const char *const[]){ "auto", "kill", NULL });
}

const SettingType type_unit_oom = {
        .name = "managed-oom", .metavar = "MODE", .signature = "s",
        .allowed = "auto or kill",
        .parse = parse_unit_oom, .format = format_text, .clear = clear_text,
};

static int parse_unit_oom_preference(void *field, const char *text) {
        return parse_word(field, text, (const char *const[]){ "none", "avoid", "omit", NULL });
}

const SettingType type_unit_oom_preference = {
        .name = "managed-oom-preference", .metavar = "PREFERENCE", .signature = "s",
        .allowed = "none, avoid or omit",
        .parse = parse_unit_oom_preference, .format = format_text, .clear = clear_text,
};

/* Others of systemd's (none, process) leave processes behind, which no machine may. */
static int parse_kill_mode(void *field, const char *text) {
        return parse_word(field, text, (const char *const[]){ "mixed", "control-group", NULL });
}

const SettingType type_kill_mode = {
        .name = "kill-mode", .metavar = "MODE", .signature = "s",
        .allowed = "mixed (the stop signal goes to the command) or control-group (to all processes)",
        .parse = parse_kill_mode, .format = format_text, .clear = clear_text,
};

/* Lists */

enum { LIST_MAX = 256 };

static int add_item(void *field, const char *text) {
        return strv_length(*(char ***) field) >= LIST_MAX ? -ERANGE : strv_append(field, text);
}

static int format_items(const void *field, char ***ret) {
        *ret = strv_copy(*(char **const *) field);
        return *ret ? 0 : -ENOMEM;
}

static void clear_items(void *field) {
        *(char ***) field = strv_free(*(char ***) field);
}

/* What is not below /dev says whether it is there to whoever asks. */
static bool devices_reach_host(const void *field) {
        STRV_FOREACH(item, *(char **const *) field)
                if (!startswith(*item, "/dev/"))
                        return true;
        return false;
}

static int add_device_value(void *field, const char *text, int (*parse)(const char *, uint64_t *), uint64_t least,
                            uint64_t most) {
        _cleanup_free_ char *device = NULL;
        const char *rest;
        uint64_t value;
        int r = parse_device_and_rest(text, &device, &rest);

        if (r >= 0 && (device[0] != '/' || str_is_unprintable(device, "")))
                r = -EINVAL;
        if (r >= 0)
                r = parse(rest, &value);
        if (r < 0)
                return r;
        return value < least || value > most ? -ERANGE : add_item(field, text);
}

static int parse_unit_bandwidths(void *field, const char *text) {
        return add_device_value(field, text, parse_size_si, 1, UINT64_MAX);
}

const SettingType type_unit_bandwidths = {
        .name = "device-rates", .metavar = "DEVICE RATE", .signature = "as", .list = true,
        .allowed = "a device, or a path on it, and a number above 0, with K, M, G or T (to the base of 1000), or infinity",
        .parse = parse_unit_bandwidths, .format_list = format_items, .clear = clear_items, .reaches_host = devices_reach_host,
};

static int parse_unit_device_weights(void *field, const char *text) {
        return add_device_value(field, text, parse_u64, 1, 10000);
}

const SettingType type_unit_device_weights = {
        .name = "device-weights", .metavar = "DEVICE WEIGHT", .signature = "as", .list = true,
        .allowed = "a device, or a path on it, and a weight between 1 and 10000",
        .parse = parse_unit_device_weights, .format_list = format_items, .clear = clear_items,
        .reaches_host = devices_reach_host,
};

static int parse_unit_latencies(void *field, const char *text) {
        return add_device_value(field, text, parse_usec, 1, UINT64_MAX);
}

const SettingType type_unit_latencies = {
        .name = "device-times", .metavar = "DEVICE TIME", .signature = "as", .list = true,
        .allowed = "a device, or a path on it, and a time span like 25ms",
        .parse = parse_unit_latencies, .format_list = format_items, .clear = clear_items, .reaches_host = devices_reach_host,
};

/* systemd.resource-control(5): a node below /dev or /run/systemd/inaccessible, or a class of /proc/devices. */
static int parse_unit_devices(void *field, const char *text) {
        _cleanup_free_ char *device = NULL;
        const char *rest;
        int r = parse_device_and_rest(text, &device, &rest);

        if (r == -EINVAL)
                r = str_replace(&device, text);
        else if (r >= 0 && rest[strspn(rest, "rwm")] != '\0')
                r = -EINVAL;
        if (r < 0)
                return r;
        if (str_is_unprintable(device, "") ||
            (!startswith(device, "/dev/") && !startswith(device, "char-") && !startswith(device, "block-")))
                return -EINVAL;
        return add_item(field, text);
}

const SettingType type_unit_devices = {
        .name = "devices", .metavar = "DEVICE rwm", .signature = "as", .list = true,
        .allowed = "a device like /dev/fuse, char-pts or block-*, and some of r, w and m behind a space",
        .parse = parse_unit_devices, .format_list = format_items, .clear = clear_items,
};

static bool word_is_prefix(const char *word) {
        static const char *const named[] = { "any", "localhost", "link-local", "multicast" };
        uint8_t address[16];
        uint32_t length;
        int family;

        for (size_t i = 0; i < ELEMENTSOF(named); i++)
                if (streq(word, named[i]))
                        return true;
        return parse_ip_prefix(word, &family, address, &length) >= 0;
}

static int parse_unit_prefixes(void *field, const char *text) {
        _cleanup_strv_free_ char **words = NULL;
        int r = strv_split(text, " \t", &words);

        if (r < 0)
                return r;
        STRV_FOREACH(word, words)
                if (!word_is_prefix(*word))
                        return -EINVAL;
        STRV_FOREACH(word, words) {
                r = add_item(field, *word);
                if (r < 0)
                        return r;
        }
        return words ? 0 : -EINVAL;
}

const SettingType type_unit_prefixes = {
        .name = "addresses", .metavar = "ADDRESS", .signature = "as", .list = true,
        .allowed = "addresses with or without a prefix length, any, localhost, link-local or multicast",
        .parse = parse_unit_prefixes, .format_list = format_items, .clear = clear_items,
};
