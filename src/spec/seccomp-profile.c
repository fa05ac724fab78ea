/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "seccomp-profile.h"

#include <jansson.h>
#include <linux/seccomp.h>
#include <sys/capability.h>

#include "string-util.h"
#include "strv.h"

static const char step[] = "reading the seccomp profile";

/* More would not fit into a program, which has at most 4096 instructions. */
enum { RULES_MAX = 1024, NAMES_MAX = 1024, CONDITIONS_MAX = 12 };

static int bad(Error *error, const char *object, const char *reason) {
        return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, object, "%s", reason);
}

/* Small readers: each gives -EINVAL with the error set where a key has another type; a key that is missing is left alone. */

static int read_words(const json_t *from, const char *key, char ***ret, Error *error) {
        const json_t *list = json_object_get(from, key), *item;
        size_t i;

        if (!list || json_is_null(list))
                return 0;
        if (!json_is_array(list) || json_array_size(list) > NAMES_MAX)
                return bad(error, key, "it is a list of words");
        json_array_foreach(list, i, item) {
                if (!json_is_string(item) || strlen(json_string_value(item)) != json_string_length(item))
                        return bad(error, key, "it is a list of words");
                if (strv_append(ret, json_string_value(item)) < 0)
                        return error_oom(error);
        }
        return 0;
}

static int read_number(const json_t *from, const char *key, uint64_t most, uint64_t *ret, Error *error) {
        const json_t *value = json_object_get(from, key);

        if (!value || json_is_null(value))
                return 0;
        /* Numbers above 2^63 come as reals: the mask and the value of a comparison may be that large. */
        if (json_is_real(value) && json_real_value(value) >= 0 && json_real_value(value) < 18446744073709551616.0)
                *ret = (uint64_t) json_real_value(value);
        else if (json_is_integer(value) && json_integer_value(value) >= 0)
                *ret = (uint64_t) json_integer_value(value);
        else
                return bad(error, key, "it is a number that is not negative");
        return *ret > most ? bad(error, key, "the number is too large") : 0;
}

static const char *read_string(const json_t *from, const char *key) {
        return json_string_value(json_object_get(from, key));
}

/* Actions */

static int read_action(const json_t *from, const char *key, const char *data_key, uint32_t *ret, Error *error) {
        static const struct {
                const char *name;
                uint32_t action;
                bool has_data;
        } actions[] = {
                { "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
                { "SCMP_ACT_LOG", SECCOMP_RET_LOG },
                { "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, true },
                { "SCMP_ACT_TRACE", SECCOMP_RET_TRACE, true },
                { "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
                { "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
                { "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
                { "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
        };
        const char *name = read_string(from, key);
        uint64_t data = EPERM;
        int r = read_number(from, data_key, SECCOMP_RET_DATA, &data, error);

        if (r < 0)
                return r;
        if (!name)
                return bad(error, key, "it is missing or no word");
        for (size_t i = 0; i < ELEMENTSOF(actions); i++)
                if (streq(actions[i].name, name)) {
                        *ret = actions[i].action | (actions[i].has_data ? (uint32_t) data : 0);
                        return 0;
                }
        if (streq(name, "SCMP_ACT_NOTIFY"))
                return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, step, name, "there is no agent to notify");
        return bad(error, name, "there is no such action");
}

/* Comparisons */

static int read_condition(const json_t *from, SeccompCondition *ret, Error *error) {
        static const char *const operators[] = {
                [SECCOMP_EQUAL] = "SCMP_CMP_EQ",
                [SECCOMP_NOT_EQUAL] = "SCMP_CMP_NE",
                [SECCOMP_LESS] = "SCMP_CMP_LT",
                [SECCOMP_LESS_OR_EQUAL] = "SCMP_CMP_LE",
                [SECCOMP_GREATER] = "SCMP_CMP_GT",
                [SECCOMP_GREATER_OR_EQUAL] = "SCMP_CMP_GE",
                [SECCOMP_MASKED_EQUAL] = "SCMP_CMP_MASKED_EQ",
        };
        static_assert(ELEMENTSOF(operators) == _SECCOMP_OPERATOR_MAX, "each operator has a name");
        const char *name = read_string(from, "op");
        uint64_t index = 0, value = 0, second = 0;
        SeccompOperator op = 0;
        int r;

        r = read_number(from, "index", SECCOMP_ARGUMENTS - 1, &index, error);
        if (r >= 0)
                r = read_number(from, "value", UINT64_MAX, &value, error);
        if (r >= 0)
                r = read_number(from, "valueTwo", UINT64_MAX, &second, error);
        if (r < 0)
                return r;

        while (op < _SECCOMP_OPERATOR_MAX && !streq(operators[op], strempty(name)))
                op++;
        if (op == _SECCOMP_OPERATOR_MAX)
                return bad(error, name ? name : "op", "there is no such comparison");

        *ret = (SeccompCondition){ .argument = (uint8_t) index, .op = op, .value = value };
        if (op == SECCOMP_MASKED_EQUAL) {
                /* Here the first value is the mask. */
                ret->mask = value;
                ret->value = second;
        }
        return 0;
}

static int read_conditions(const json_t *from, SeccompRule *rule, Error *error) {
        const json_t *list = json_object_get(from, "args"), *item;
        size_t i;

        if (!list || json_is_null(list))
                return 0;
        if (!json_is_array(list) || json_array_size(list) > CONDITIONS_MAX)
                return bad(error, "args", "it is a list of comparisons");

        rule->conditions = calloc(json_array_size(list) + 1, sizeof(SeccompCondition));
        if (!rule->conditions)
                return error_oom(error);
        json_array_foreach(list, i, item) {
                int r = read_condition(item, &rule->conditions[rule->n_conditions++], error);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Rules */

static int read_capabilities(const json_t *from, uint64_t *ret, Error *error) {
        _cleanup_strv_free_ char **names = NULL;
        int r = read_words(from, "caps", &names, error);

        STRV_FOREACH(name, names) {
                cap_value_t value;

                /* One that is newer than our library nobody has. */
                if (cap_from_name(*name, &value) < 0)
                        value = 63;
                *ret |= UINT64_C(1) << value;
        }
        return r;
}

static int read_when(const json_t *from, const char *key, SeccompWhen *ret, Error *error) {
        const json_t *when = json_object_get(from, key);
        int r;

        if (!when || json_is_null(when))
                return 0;
        if (!json_is_object(when))
                return bad(error, key, "it is an object");

        r = read_capabilities(when, &ret->capabilities, error);
        if (r >= 0)
                r = read_words(when, "arches", &ret->architectures, error);
        if (r < 0)
                return r;
        return str_replace(&ret->kernel, read_string(when, "minKernel")) < 0 ? error_oom(error) : 0;
}

static int read_rule(const json_t *from, SeccompRule *rule, Error *error) {
        const char *name = read_string(from, "name");
        int r;

        if (!json_is_object(from))
                return bad(error, "syscalls", "it is a list of objects");
        r = read_words(from, "names", &rule->names, error);
        if (r >= 0 && name && strv_append(&rule->names, name) < 0)
                r = error_oom(error);
        if (r >= 0 && !rule->names)
                r = bad(error, "names", "a rule names no system call");
        if (r >= 0)
                r = read_action(from, "action", "errnoRet", &rule->action, error);
        if (r >= 0)
                r = read_conditions(from, rule, error);
        if (r >= 0)
                r = read_when(from, "includes", &rule->includes, error);
        return r < 0 ? r : read_when(from, "excludes", &rule->excludes, error);
}

static int read_rules(const json_t *from, SeccompProfile *profile, Error *error) {
        const json_t *list = json_object_get(from, "syscalls"), *item;
        size_t i;

        if (!list || json_is_null(list))
                return 0;
        if (!json_is_array(list) || json_array_size(list) > RULES_MAX)
                return bad(error, "syscalls", "it is a list of objects");

        profile->rules = calloc(json_array_size(list) + 1, sizeof(SeccompRule));
        if (!profile->rules)
                return error_oom(error);
        json_array_foreach(list, i, item) {
                int r = read_rule(item, &profile->rules[profile->n_rules++], error);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* docker's archMap says for each architecture which others come along: all that is said is which are wanted at all. */
static int read_architectures(const json_t *from, SeccompProfile *profile, Error *error) {
        const json_t *map = json_object_get(from, "archMap"), *item;
        size_t i;
        int r = read_words(from, "architectures", &profile->architectures, error);

        if (r < 0 || !map || json_is_null(map))
                return r;
        if (!json_is_array(map))
                return bad(error, "archMap", "it is a list of objects");
        json_array_foreach(map, i, item) {
                const char *name = read_string(item, "architecture");

                if (!name)
                        return bad(error, "archMap", "an architecture has no name");
                if (strv_append(&profile->architectures, name) < 0)
                        return error_oom(error);
                r = read_words(item, "subArchitectures", &profile->architectures, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int load(const char *text, json_t **ret, Error *error) {
        json_error_t where;

        if (strlen(text) > SECCOMP_PROFILE_MAX)
                return error_set(error, ERROR_INVALID_VALUE, E2BIG, step, NULL, "it has more than %i bytes", SECCOMP_PROFILE_MAX);
        *ret = json_loads(text, JSON_REJECT_DUPLICATES, &where);
        if (!*ret)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, NULL, "line %i: %s", where.line, where.text);
        return json_is_object(*ret) ? 0 : bad(error, NULL, "it is no JSON object");
}

int seccomp_profile_parse(const char *text, SeccompProfile **ret, Error *error) {
        _cleanup_seccomp_profile_ SeccompProfile *profile = calloc(1, sizeof(SeccompProfile));
        json_auto_t *root = NULL;
        int r;

        if (!profile)
                return error_oom(error);
        r = load(text, &root, error);
        if (r >= 0)
                r = read_action(root, "defaultAction", "defaultErrnoRet", &profile->action, error);
        if (r >= 0 && read_string(root, "listenerPath"))
                r = error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, step, "listenerPath", "there is no agent to notify");
        if (r >= 0)
                r = read_architectures(root, profile, error);
        if (r >= 0)
                r = read_rules(root, profile, error);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(profile);
        return 0;
}

static void when_done(SeccompWhen *when) {
        strv_free(when->architectures);
        free(when->kernel);
}

SeccompProfile *seccomp_profile_free(SeccompProfile *profile) {
        if (!profile)
                return NULL;

        for (size_t i = 0; i < profile->n_rules; i++) {
                SeccompRule *rule = profile->rules + i;

                strv_free(rule->names);
                free(rule->conditions);
                when_done(&rule->includes);
                when_done(&rule->excludes);
        }
        free(profile->rules);
        strv_free(profile->architectures);
        free(profile);
        return NULL;
}

int seccomp_profile_compact(const char *text, char **ret, Error *error) {
        _cleanup_seccomp_profile_ SeccompProfile *profile = NULL;
        json_auto_t *root = NULL;
        int r = seccomp_profile_parse(text, &profile, error);

        if (r >= 0)
                r = load(text, &root, error);
        if (r < 0)
                return r;
        *ret = json_dumps(root, JSON_COMPACT);
        return *ret ? 0 : error_oom(error);
}
