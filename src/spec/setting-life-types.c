/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Types of what happens to a machine while it lives: its log, and what is done when it ends. */

#include "setting.h"
#include "string-util.h"

static const char *const log_modes[] = {
        [LOG_TO_DEFAULT] = "",
        [LOG_TO_NONE] = "none",
        [LOG_TO_JOURNAL] = "journal",
        [LOG_TO_FILE] = "file",
        [LOG_TO_PASSTHROUGH] = "passthrough",
};
static_assert(ELEMENTSOF(log_modes) == _LOG_MODE_MAX, "each mode has a name");

const char *log_mode_to_string(LogMode mode) {
        assert(mode >= 0 && mode < _LOG_MODE_MAX);
        return log_modes[mode];
}

int log_mode_from_string(const char *s) {
        for (size_t i = LOG_TO_NONE; i < ELEMENTSOF(log_modes); i++)
                if (streq_ptr(s, log_modes[i]))
                        return (int) i;
        /* As docker and podman call them. */
        if (streq_ptr(s, "journald"))
                return LOG_TO_JOURNAL;
        return streq_ptr(s, "k8s-file") ? LOG_TO_FILE : -EINVAL;
}

static int parse_log(void *field, const char *text) {
        int r = log_mode_from_string(text);

        if (r >= 0)
                *(LogMode *) field = (LogMode) r;
        return r;
}

static int format_log(const void *field, char **ret) {
        LogMode mode = *(const LogMode *) field;

        *ret = mode == LOG_TO_DEFAULT ? NULL : strdup(log_modes[mode]);
        return mode != LOG_TO_DEFAULT && !*ret ? -ENOMEM : 0;
}

static void clear_log(void *field) {
        *(LogMode *) field = LOG_TO_DEFAULT;
}

const SettingType type_log = {
        .name = "log", .metavar = "WHERE", .signature = "s",
        .allowed = "none, journal, file or passthrough",
        .parse = parse_log, .format = format_log, .clear = clear_log,
};
