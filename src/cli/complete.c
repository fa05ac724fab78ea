/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "complete.h"

#include "client.h"
#include "docker.h"
#include "nspawn-options.h"
#include "setting-mount-types.h"
#include "string-util.h"
#include "tree-find.h"
#include "unit-property.h"
#include "verbs.h"

/* The word under the cursor, and where it goes. */
typedef struct Completion {
        FILE *f;
        const CompleteSources *sources;
        const char *keep;        /* what of the word is not to be completed: "--bind=" */
        const char *word;        /* what is */
} Completion;

static void offer(const Completion *c, const char *candidate, const char *help) {
        if (startswith(candidate, c->word))
                fprintf(c->f, "%s%s%s%s\n", c->keep, candidate, help ? "\t" : "", strempty(help));
}

static void ask_shell(const Completion *c, const char *what) {
        fprintf(c->f, ":%s%s%s\n", what, *c->keep ? " " : "", c->keep);
}

static int offer_names(const Completion *c, const char *names, const char *help) {
        const char *name;
        size_t n;

        while ((name = names_next(&names, &n))) {
                _cleanup_free_ char *option = str_format("%s%.*s", n > 1 ? "--" : "-", (int) n, name);

                if (!option)
                        return -ENOMEM;
                offer(c, option, help);
        }
        return 0;
}

static int offer_options(const Completion *c, const OptionTarget *target) {
        int r = 0;

        offer(c, "--help", "Print what it takes");
        FOREACH_OPTION(o, target->options)
                if (r >= 0)
                        r = offer_names(c, o->names, o->help);
        if (!target->spec)
                return r;
        FOREACH_SETTING(s)
                if (r >= 0 && s->options && options_take_setting(target->only, s))
                        r = offer_names(c, s->options, s->help);
        if (target->only)
                return r;
        FOREACH_SETTING_GROUP(g)
        if (r >= 0)
                r = offer_names(c, g->options, g->help);
        FOREACH_OPTION(o, docker_options)
                if (r >= 0)
                        r = offer_names(c, o->names, o->help);
        return r;
}

static void offer_all(const Completion *c, void (*source)(char ***names)) {
        _cleanup_strv_free_ char **names = NULL;

        source(&names);
        STRV_FOREACH(name, names)
                offer(c, *name, NULL);
}

static void offer_assignment(const Completion *c, const char *name, const char *help) {
        _cleanup_free_ char *assignment = str_format("%s=", name);

        if (assignment)
                offer(c, assignment, help);
}

/* Limits by their settings, and what else a unit can be given. */
static void offer_properties(const Completion *c) {
        static const char *const names[] = {
#define ROW(property, form) #property,
                UNIT_PROPERTIES(ROW)
#undef ROW
        };

        FOREACH_SETTING(s)
                if (s->section == SECTION_RESOURCES && s->type != &type_properties)
                        offer_assignment(c, s->name, s->help);
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (!setting_by_name(names[i]))
                        offer_assignment(c, names[i], NULL);
}

static void offer_values(const Completion *c, const SettingType *type) {
        MountSettingKind kind;

        if (type == &type_boolean) {
                offer(c, "yes", NULL);
                offer(c, "no", NULL);
        } else if (type == &type_properties)
                offer_properties(c);
        else if (type == &type_path || setting_type_to_mount_kind(type, &kind))
                ask_shell(c, "files");
}

/* What stands at an operand's place in the verb's own description of them: the last one may be repeated. */
static int operand_kind(const Verb *verb, size_t position, char **ret) {
        _cleanup_strv_free_ char **kinds = NULL;
        int r = strv_split(verb->operands, " []", &kinds);
        size_t n = strv_length(kinds);
        const char *kind;

        *ret = NULL;
        if (r < 0 || n == 0)
                return r;
        kind = kinds[position < n ? position : n - 1];
        if (position >= n && !strstr(kind, "…"))
                return 0;
        *ret = strndup(kind, (size_t) (strchrnul(kind, '\xe2') - kind)); /* without the ellipsis */
        return *ret ? 0 : -ENOMEM;
}

static int offer_operands(const Completion *c, const Verb *verb, size_t position) {
        _cleanup_free_ char *kind = NULL;
        int r = operand_kind(verb, position, &kind);

        if (r < 0 || !kind)
                return r;
        if (streq(kind, "NAME"))
                offer_all(c, c->sources->machines);
        else if (streq(kind, "TREE")) {
                offer_all(c, c->sources->trees);
                ask_shell(c, "directories");
        } else if (streq(kind, "IMAGE"))
                offer_all(c, c->sources->images);
        else if (streq(kind, "COMMAND"))
                ask_shell(c, "commands");
        else if (strstr(kind, "=VALUE"))
                offer_properties(c);
        else if (strstr(kind, "PATH") || strstr(kind, "FILE"))
                ask_shell(c, "files");
        return 0;
}

/* Whether WORD is an option whose value is the next word: then its type. */
static const SettingType *wants_value(const OptionTarget *target, const char *word) {
        const SettingType *type;

        if (word[0] != '-' || !word[1] || strchr(word, '='))
                return NULL;
        /* Of a bundle of letters the last one may want a value. */
        type = options_type(target, word[1] == '-' ? word + 2 : word + strlen(word) - 1);
        return type == &type_boolean ? NULL : type;
}

static int complete_value(Completion *c, const OptionTarget *target, const char *word) {
        const char *equals = strchr(word, '=');
        _cleanup_free_ char *keep = strndup(word, (size_t) (equals + 1 - word)),
                            *name = strndup(word + 2, (size_t) (equals - word - 2));
        const SettingType *type;

        if (!keep || !name)
                return -ENOMEM;
        type = options_type(target, name);
        if (type) {
                c->keep = keep;
                c->word = equals + 1;
                offer_values(c, type);
        }
        return 0;
}

/* BEFORE are the words between the verb and the one under the cursor. */
static int complete_behind(Completion *c, const Verb *verb, char **before, size_t n) {
        _cleanup_spec_ Spec *spec = verb->flags & VERB_SETTINGS ? spec_new() : NULL;
        OptionTarget target = { .options = verb->options, .spec = spec, .only = verb->settings };
        const SettingType *pending = NULL;
        bool options = true;
        size_t operands = 0;

        for (size_t i = 0; i < n; i++) {
                if (pending)
                        pending = NULL;
                else if (options && streq(before[i], "--"))
                        options = false;
                else if (options && before[i][0] == '-' && before[i][1])
                        pending = wants_value(&target, before[i]);
                else
                        operands++;
                if (operands > 0 && verb->flags & VERB_COMMAND)
                        options = false;
        }

        if (pending) {
                offer_values(c, pending);
                return 0;
        }
        if (options && startswith(c->word, "--") && strchr(c->word, '='))
                return complete_value(c, &target, c->word);
        if (options && c->word[0] == '-')
                return offer_options(c, &target);
        return offer_operands(c, verb, operands);
}

static int offer_verbs(const Completion *c) {
        FOREACH_VERB(v) {
                const char *names = (*v)->names, *name;
                size_t n;

                while ((name = names_next(&names, &n))) {
                        _cleanup_free_ char *word = strndup(name, n);

                        if (!word)
                                return -ENOMEM;
                        offer(c, word, (*v)->help);
                }
        }
        offer(c, "--help", "Print what there is");
        offer(c, "--version", "Print the version");
        offer(c, "--no-pager", "Long output at once");
        return 0;
}

/* berth-nspawn */

static int offer_nspawn_options(const Completion *c) {
        int r = 0;

        FOREACH_NSPAWN_OPTION(o)
        if (r >= 0 && o->fate == NSPAWN_DONE)
                r = offer_names(c, o->names, nspawn_option_help(o));
        return r;
}

static void offer_nspawn_values(const Completion *c, const NspawnOption *o) {
        if (names_contain(o->names, "machine"))
                offer_all(c, c->sources->trees);
        else if (names_contain(o->names, "directory") || names_contain(o->names, "image"))
                ask_shell(c, names_contain(o->names, "image") ? "files" : "directories");
        else
                offer_values(c, nspawn_option_type(o));
}

/* Whether the value of WORD is the next word. */
static const NspawnOption *nspawn_wants_value(const char *word) {
        const NspawnOption *o = strchr(word, '=') ? NULL : nspawn_option_find(word);

        if (o && word[1] != '-' && word[2])
                return NULL; /* -D/tree */
        return o && o->argument == NSPAWN_VALUE ? o : NULL;
}

static int complete_nspawn_value(Completion *c, const char *word) {
        const char *equals = strchr(word, '=');
        _cleanup_free_ char *keep = strndup(word, (size_t) (equals + 1 - word));
        const NspawnOption *o = nspawn_option_find(word);

        if (!keep)
                return -ENOMEM;
        c->keep = keep;
        c->word = equals + 1;
        if (o)
                offer_nspawn_values(c, o);
        return 0;
}

static int complete_nspawn(Completion *c, char **before, size_t n) {
        const NspawnOption *pending = NULL;

        for (size_t i = 0; i < n; i++) {
                bool value = pending;

                pending = value ? NULL : nspawn_wants_value(before[i]);
                if (!value && (before[i][0] != '-' || streq(before[i], "--"))) {
                        ask_shell(c, "files");
                        return 0;
                }
        }

        if (pending)
                offer_nspawn_values(c, pending);
        else if (startswith(c->word, "--") && strchr(c->word, '='))
                return complete_nspawn_value(c, c->word);
        else if (c->word[0] == '-')
                return offer_nspawn_options(c);
        else
                ask_shell(c, "commands");
        return 0;
}

int complete(char **words, const CompleteSources *sources, FILE *f) {
        size_t n = strv_length(words);
        Completion c = { .f = f, .sources = sources, .keep = "", .word = n > 0 ? words[n - 1] : "" };
        const Verb *verb;

        if (n <= 1)
                return offer_verbs(&c);
        if (streq(words[0], "berth-nspawn"))
                return complete_nspawn(&c, words + 1, n - 2);
        verb = verb_find(words[0], NULL);
        return verb ? complete_behind(&c, verb, words + 1, n - 2) : 0;
}

static void find_machines(char ***names) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        const char *name;

        if (client_open(&bus, NULL) < 0 || client_call_simple(bus, &reply, NULL, "ListMachines", "") < 0 ||
            sd_bus_message_enter_container(reply, 'a', "(ssusto)") < 0)
                return;
        while (sd_bus_message_read(reply, "(ssusto)", &name, NULL, NULL, NULL, NULL, NULL) > 0)
                if (strv_append(names, name) < 0)
                        return;
}

static void find_images(char ***names) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        const char *name;

        if (client_open(&bus, NULL) < 0 || client_call_simple(bus, &reply, NULL, "ListImages", "") < 0 ||
            sd_bus_message_enter_container(reply, 'a', "(ssbttto)") < 0)
                return;
        while (sd_bus_message_read(reply, "(ssbttto)", &name, NULL, NULL, NULL, NULL, NULL, NULL) > 0)
                if (strv_append(names, name) < 0)
                        return;
}

int complete_main(char **words) {
        static const CompleteSources sources = { .machines = find_machines, .trees = tree_names, .images = find_images };

        return complete(words, &sources, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
