/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Types of what happens to a machine while it lives: its log, and what is done when it ends. */

#include <inttypes.h>

#include "hook.h"
#include "parse-util.h"
#include "setting.h"
#include "string-util.h"
#include "strv.h"

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

/* restart: a RestartPolicy, in docker's words */

static const char *const restart_modes[] = {
        [RESTART_NO] = "no",
        [RESTART_ON_FAILURE] = "on-failure",
        [RESTART_ALWAYS] = "always",
        [RESTART_UNLESS_STOPPED] = "unless-stopped",
};
static_assert(ELEMENTSOF(restart_modes) == _RESTART_MODE_MAX, "each mode has a name");

static int parse_restart(void *field, const char *text) {
        const char *times = startswith(text, "on-failure:");
        RestartPolicy *policy = field;
        uint32_t most = 0;

        if (times) {
                if (parse_u32(times, &most) < 0)
                        return -EINVAL;
                /* Of docker, where 0 is no limit. */
                *policy = (RestartPolicy){ .mode = RESTART_ON_FAILURE, .most = most };
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(restart_modes); i++)
                if (streq(text, restart_modes[i])) {
                        *policy = (RestartPolicy){ .mode = (RestartMode) i };
                        return 0;
                }
        return -EINVAL;
}

static int format_restart(const void *field, char **ret) {
        const RestartPolicy *policy = field;

        *ret = policy->most > 0 ? str_format("%s:%" PRIu32, restart_modes[policy->mode], policy->most)
                                : strdup(restart_modes[policy->mode]);
        return *ret ? 0 : -ENOMEM;
}

static void clear_restart(void *field) {
        *(RestartPolicy *) field = (RestartPolicy){};
}

const SettingType type_restart = {
        .name = "restart", .metavar = "WHEN", .signature = "s",
        .allowed = "no, on-failure, on-failure:TIMES, always or unless-stopped",
        .parse = parse_restart, .format = format_restart, .clear = clear_restart,
};

/* count: a uint32_t that is not 0 */

static int parse_count(void *field, const char *text) {
        uint32_t value;
        int r = parse_u32(text, &value);

        if (r < 0 || value == 0)
                return -EINVAL;
        *(uint32_t *) field = value;
        return 0;
}

static int format_count(const void *field, char **ret) {
        *ret = str_format("%" PRIu32, *(const uint32_t *) field);
        return *ret ? 0 : -ENOMEM;
}

static void clear_count(void *field) {
        *(uint32_t *) field = 0;
}

const SettingType type_count = {
        .name = "count", .metavar = "TIMES", .signature = "s",
        .allowed = "a whole number of at least 1",
        .parse = parse_count, .format = format_count, .clear = clear_count,
};

/* terminals: a uint32_t */

static int parse_terminals(void *field, const char *text) {
        uint32_t value;
        int r = parse_u32(text, &value);

        if (r < 0)
                return r;
        if (value > TERMINALS_MAX)
                return -ERANGE;
        *(uint32_t *) field = value;
        return 0;
}

static_assert(TERMINALS_MAX == 64, "as it is said here");
const SettingType type_terminals = {
        .name = "terminals", .metavar = "N", .signature = "s",
        .allowed = "a whole number from 0 to 64",
        .parse = parse_terminals, .format = format_count, .clear = clear_count,
};

/* hooks: a list of strings */

static int parse_hook(void *field, const char *text) {
        enum { HOOKS_MAX = 64, HOOK_MAX = 4096 };
        _cleanup_strv_free_ char **command = NULL;
        HookPoint point;
        int r;

        if (strlen(text) > HOOK_MAX || str_is_unprintable(text, "\t"))
                return -EINVAL;
        if (strv_length(*(char ***) field) >= HOOKS_MAX)
                return -ERANGE;
        r = hook_parse(text, &point, &command);
        return r < 0 ? r : strv_append(field, text);
}

static int format_hooks(const void *field, char ***ret) {
        *ret = strv_copy(*(char **const *) field);
        return *ret ? 0 : -ENOMEM;
}

static void clear_hooks(void *field) {
        *(char ***) field = strv_free(*(char ***) field);
}

const SettingType type_hooks = {
        .name = "hooks", .metavar = "POINT:COMMAND", .signature = "as", .list = true,
        .allowed = "prestart, started, stopping or stopped, a ':', and the absolute path of a program with its arguments",
        .parse = parse_hook, .format_list = format_hooks, .clear = clear_hooks,
};

/* health action: a HealthAction */

static const char *const health_actions[] = {
        [HEALTH_NONE] = "none",
        [HEALTH_KILL] = "kill",
        [HEALTH_RESTART] = "restart",
};
static_assert(ELEMENTSOF(health_actions) == _HEALTH_ACTION_MAX, "each action has a name");

static int parse_health_action(void *field, const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(health_actions); i++)
                if (streq(text, health_actions[i])) {
                        *(HealthAction *) field = (HealthAction) i;
                        return 0;
                }
        return -EINVAL;
}

static int format_health_action(const void *field, char **ret) {
        *ret = strdup(health_actions[*(const HealthAction *) field]);
        return *ret ? 0 : -ENOMEM;
}

static void clear_health_action(void *field) {
        *(HealthAction *) field = HEALTH_NONE;
}

const SettingType type_health_action = {
        .name = "health-action", .metavar = "ACTION", .signature = "s",
        .allowed = "none, kill or restart",
        .parse = parse_health_action, .format = format_health_action, .clear = clear_health_action,
};
