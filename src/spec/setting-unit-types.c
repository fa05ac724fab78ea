/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Types of unit properties: checked here in systemd's own syntax (systemd.resource-control(5)) and kept as
 * the text that was given. src/systemd turns the text into what goes over the wire.
 */

#include "parse-util.h"
#include "setting.h"
#include "string-util.h"

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
