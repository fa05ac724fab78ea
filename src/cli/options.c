/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include <fcntl.h>
#include <unistd.h>

#include "docker.h"
#include "file-util.h"
#include "output.h"
#include "seccomp-profile.h"
#include "setting-mount-types.h"
#include "string-util.h"
#include "strv.h"
#include "tree-find.h"

/* One option as it was found: in the verb's rows or in the settings table. */
typedef struct Match {
        const Setting *setting;   /* NULL for one of the verb's own */
        const SettingGroup *group; /* its value says which setting it is */
        const SettingType *type;
        void *field;              /* of the verb's own */
} Match;

const char *names_next(const char **position, size_t *ret_n) {
        const char *name = *position;

        if (!name || !*name)
                return NULL;
        *ret_n = strcspn(name, "|");
        *position = name + *ret_n + (name[*ret_n] == '|');
        return name;
}

bool names_contain(const char *names, const char *name) {
        const char *p;
        size_t n;

        while ((p = names_next(&names, &n)))
                if (strlen(name) == n && strncmp(p, name, n) == 0)
                        return true;
        return false;
}

int names_collect(const char *names, char ***words) {
        const char *p;
        size_t n;

        while ((p = names_next(&names, &n))) {
                int r = n > 1 ? strv_consume(words, strndup(p, n)) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

static bool find(const OptionTarget *target, const char *name, Match *ret) {
        const SettingGroup *g;
        const Setting *s;

        FOREACH_OPTION(o, target->options)
                if (names_contain(o->names, name)) {
                        *ret = (Match){ .type = o->type, .field = (char *) target->values + o->offset };
                        return true;
                }

        FOREACH_OPTION(o, target->docker ? docker_options : NULL)
                if (names_contain(o->names, name)) {
                        *ret = (Match){ .type = o->type, .field = (char *) target->docker + o->offset };
                        return true;
                }

        s = target->spec ? setting_by_option(name) : NULL;
        if (s && !options_take_setting(target->only, s))
                s = NULL;
        g = target->spec && !target->only ? setting_group_by_option(name) : NULL;
        if (s)
                *ret = (Match){ .setting = s, .type = s->type };
        else if (g)
                *ret = (Match){ .group = g, .type = g->type };
        return s || g;
}

const SettingType *options_type(const OptionTarget *target, const char *name) {
        OptionTarget whole = *target;
        Docker docker = DOCKER_NULL;
        Match match;

        if (whole.spec && !whole.only)
                whole.docker = &docker;
        return *name && find(&whole, name, &match) ? match.type : NULL;
}

bool options_take_setting(const char *const *only, const Setting *s) {
        return !only || strv_contains((char *const *) only, s->name);
}

bool options_have_letter(const Option *options, bool takes_settings, const char *const *only, char c) {
        char name[] = { c, '\0' };

        FOREACH_OPTION(o, options)
                if (names_contain(o->names, name))
                        return true;
        FOREACH_OPTION(o, takes_settings && !only ? docker_options : NULL)
                if (names_contain(o->names, name))
                        return true;
        return takes_settings && setting_by_option(name) && options_take_setting(only, setting_by_option(name));
}

/* GIVEN is the option as it was written, with its dashes: here and below. */
static int unknown_option(const OptionTarget *target, const char *given, Error *error) {
        _cleanup_strv_free_ char **words = NULL;
        const char *near;
        int r = strv_append(&words, "help");

        FOREACH_OPTION(o, target->options)
                if (r >= 0)
                        r = names_collect(o->names, &words);
        if (target->spec) {
                FOREACH_OPTION(o, target->docker ? docker_options : NULL)
                        if (r >= 0)
                                r = names_collect(o->names, &words);
                FOREACH_SETTING(s)
                        if (r >= 0 && options_take_setting(target->only, s))
                                r = names_collect(s->options, &words);
                FOREACH_SETTING_GROUP(g)
                if (r >= 0)
                        r = names_collect(g->options, &words);
        }
        if (r < 0)
                return error_oom(error);

        near = startswith(given, "--") ? str_nearest(given + 2, (const char *const *) words, strv_length(words)) : NULL;
        return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the option", given,
                         near ? "there is no such option; did you mean --%s?" : "there is no such option; --help lists them",
                         near);
}

static int missing_value(const Match *match, const char *given, Error *error) {
        return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the option", given, "it needs a value: %s",
                         match->type->allowed);
}

/* "NAME" alone passes the caller's own variable on, as nspawn and docker do; one that is not set is not passed. */
static int assign_environment(const Match *match, Spec *spec, const char *text) {
        _cleanup_free_ char *assignment = NULL;
        const char *value = getenv(text);

        if (!value)
                return 0;
        assignment = str_format("%s=%s", text, value);
        return assignment ? setting_assign(match->setting, spec, assignment, NULL) : -ENOMEM;
}

/* The file is the caller's: nobody else reads it, with rights that the caller may not have. */
static int assign_profile(const Setting *setting, Spec *spec, const char *text, Error *error) {
        _cleanup_free_ char *content = NULL, *compact = NULL;
        int r;

        if (streq(text, "builtin") || streq(text, "default"))
                return setting_assign(setting, spec, "", error);
        if (!*text || streq(text, "unconfined"))
                return setting_assign(setting, spec, text, error);

        r = *text == '{' ? 0 : file_read_at(AT_FDCWD, text, SECCOMP_PROFILE_MAX, &content, NULL);
        if (r < 0)
                return error_set(error, ERROR_INVALID_VALUE, -r, "reading the seccomp profile", text, NULL);
        r = seccomp_profile_compact(content ? content : text, &compact, error);
        return r < 0 ? r : setting_assign(setting, spec, compact, error);
}

static int assign_group(const Match *match, Spec *spec, const char *given, const char *text, Error *error) {
        const char *value;
        const Setting *s = setting_group_find(match->group, text, &value);

        if (s && s->type == &type_seccomp_profile)
                return assign_profile(s, spec, value, error);
        return s ? setting_assign(s, spec, value, error)
                 : error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the option", given, "'%s' is not %s", text,
                             match->type->allowed);
}

/* Relative paths of the host are relative to where we are, which berthd cannot know. */
static int assign_mount(const Match *match, MountSettingKind kind, Spec *spec, const char *text) {
        _cleanup_free_ char *here = getcwd(NULL, 0), *whole = NULL;
        int r = here ? mount_setting_make_absolute(kind, text, here, &whole) : negative_errno();

        return r < 0 ? r : setting_assign(match->setting, spec, whole, NULL);
}

/* The name of a tree, or a path, as for the machine's own. */
static int assign_template(const Match *match, Spec *spec, const char *text, Error *error) {
        _cleanup_free_ char *path = NULL;
        int r = *text ? tree_find(text, &path, error) : 0;

        return r < 0 ? r : setting_assign(match->setting, spec, strempty(path), error);
}

static int assign(const OptionTarget *target, const Match *match, const char *given, const char *text, Error *error) {
        MountSettingKind kind;
        int r;

        if (match->group)
                return assign_group(match, target->spec, given, text, error);
        if (match->type == &type_seccomp_profile)
                return assign_profile(match->setting, target->spec, text, error);
        if (match->type == &type_template)
                return assign_template(match, target->spec, text, error);
        if (!match->setting)
                r = match->type->parse(match->field, text);
        else if (*text && setting_type_to_mount_kind(match->type, &kind))
                r = assign_mount(match, kind, target->spec, text);
        else if (match->type == &type_unit_quota && target->docker && docker_takes_quota(text))
                r = str_replace(&target->docker->cpu_quota, text);
        else if (match->type == &type_environment && *text && !strchr(text, '='))
                r = assign_environment(match, target->spec, text);
        else
                r = setting_assign(match->setting, target->spec, text, NULL);

        if (r >= 0)
                return 0;
        if (r == -ENOMEM)
                return error_oom(error);
        return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the option", given, "'%s' is not %s", text,
                         match->type->allowed);
}

int options_assign_setting(Spec *spec, const char *name, const char *given, const char *text, Error *error) {
        const OptionTarget target = { .spec = spec };
        Match match;

        return find(&target, name, &match) ? assign(&target, &match, given, text, error) : unknown_option(&target, given, error);
}

/* --name=value, --name value, --name. *NEXT is what stands behind it, and is moved on where it is taken. */
static int read_long(const OptionTarget *target, const char *word, char ***next, Error *error) {
        const char *equals = strchr(word, '='), *value = equals ? equals + 1 : NULL, *name;
        _cleanup_free_ char *given = equals ? strndup(word, (size_t) (equals - word)) : strdup(word);
        Match match;

        if (!given)
                return error_oom(error);
        name = given + 2;
        if (streq(name, "help"))
                return 1;
        if (!name[0] || !name[1] || !find(target, name, &match))
                return unknown_option(target, given, error);

        if (!value && match.type == &type_boolean)
                value = "yes";
        if (!value && match.type == &type_json_mode && (!**next || type_json_mode.parse(&(JsonMode){ JSON_OFF }, **next) < 0))
                value = "short";
        if (!value) {
                if (!**next)
                        return missing_value(&match, given, error);
                value = *(*next)++;
        }
        return assign(target, &match, given, value, error);
}

/* A bundle of letters, of which the last may have its value in the same word or in the next. */
static int read_short(const OptionTarget *target, const char *word, char ***next, Error *error) {
        for (const char *p = word + 1; *p; p++) {
                const char given[] = { '-', *p, '\0' }, *value;
                Match match;
                int r;

                if (!find(target, given + 1, &match))
                        return *p == 'h' ? 1 : unknown_option(target, given, error);

                if (match.type == &type_boolean && p[1] != '=') {
                        r = assign(target, &match, given, "yes", error);
                        if (r < 0)
                                return r;
                        continue;
                }

                if (p[1])
                        value = p + 1 + (p[1] == '=');
                else if (**next)
                        value = *(*next)++;
                else
                        return missing_value(&match, given, error);
                return assign(target, &match, given, value, error);
        }
        return 0;
}

static int parse(const OptionTarget *target, char **arguments, char ***ret_operands, Error *error) {
        _cleanup_free_ char **operands = calloc(strv_length(arguments) + 1, sizeof(char *));
        size_t n = 0;
        int r;

        if (!operands)
                return error_oom(error);

        while (*arguments) {
                char *word = *arguments++;

                if (word[0] != '-' || !word[1]) {
                        operands[n++] = word;
                        if (target->in_order)
                                break;
                        continue;
                }
                if (streq(word, "--"))
                        break;

                r = word[1] == '-' ? read_long(target, word, &arguments, error) : read_short(target, word, &arguments, error);
                if (r != 0)
                        return r;
        }

        while (*arguments)
                operands[n++] = *arguments++;

        *ret_operands = TAKE_PTR(operands);
        return 0;
}

int options_parse(const OptionTarget *target, char **arguments, char ***ret_operands, Error *error) {
        _cleanup_docker_ Docker docker = DOCKER_NULL;
        _cleanup_free_ char **operands = NULL;
        OptionTarget whole = *target;
        int r;

        if (whole.spec && !whole.only)
                whole.docker = &docker;
        r = parse(&whole, arguments, &operands, error);
        if (r == 0 && whole.docker)
                r = docker_apply(&docker, whole.spec, error);
        if (r == 0)
                *ret_operands = TAKE_PTR(operands);
        return r;
}

void options_clear(const Option *options, void *values) {
        FOREACH_OPTION(o, options)
                o->type->clear((char *) values + o->offset);
}
