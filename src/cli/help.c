/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"

#include <stdio.h>

#include "docker.h"
#include "output.h"
#include "string-util.h"
#include "strv.h"

/* As terminals are at least: what is left of it, and where the right column begins. */
enum { WIDTH = 80, INDENT = 2, COLUMN = 32 };

static bool is_letter(size_t n) {
        return n == 1;
}

/* The first long name and the first letter; each is left NULL where there is none. */
static void main_names(const char *names, const char **ret_name, size_t *ret_n, const char **ret_letter) {
        const char *p;
        size_t n;

        *ret_name = *ret_letter = NULL;
        while ((p = names_next(&names, &n)))
                if (is_letter(n)) {
                        if (!*ret_letter)
                                *ret_letter = p;
                } else if (!*ret_name) {
                        *ret_name = p;
                        *ret_n = n;
                }
}

char *help_option_usage(const char *names, const SettingType *type, const char *initial) {
        bool takes_value = type != &type_boolean || streq_ptr(initial, "yes");
        const char *name, *letter;
        size_t n = 0;

        main_names(names, &name, &n, &letter);
        return str_format("%s%.*s%s--%.*s%s%s", letter ? "-" : "  ", 1, letter ? letter : " ", letter ? ", " : " ", (int) n,
                          strempty(name), takes_value ? "=" : "", takes_value ? type->metavar : "");
}

char *help_option_others(const char *names) {
        _cleanup_free_ char *others = strdup("");
        const char *name, *letter, *p;
        size_t n = 0;

        main_names(names, &name, &n, &letter);
        while (others && (p = names_next(&names, &n))) {
                char *grown;

                if (p == name || p == letter)
                        continue;
                grown = str_format("%s%s%s%.*s", others, *others ? ", " : "(also ", is_letter(n) ? "-" : "--", (int) n, p);
                free(others);
                others = grown;
        }
        return others && *others ? str_format("%s)", others) : TAKE_PTR(others);
}

/* Prints the words of TEXT from column AT on, in lines no longer than WIDTH; those after the first begin at INDENTED. */
static void print_words(const char *text, int at, int indented) {
        bool first = true;

        while (*text) {
                int length = (int) strcspn(text, " \n"), columns = utf8_columns(text, (size_t) length);

                if (!first && at + 1 + columns > WIDTH) {
                        printf("\n%*s", indented, "");
                        at = indented;
                        first = true;
                }
                printf("%s%.*s", first ? "" : " ", length, text);
                at += columns + !first;
                first = false;

                text += length;
                if (*text == '\n') {
                        printf("\n%*s", text[1] == '\n' ? 0 : indented, "");
                        at = indented;
                        first = true;
                }
                text += *text != '\0';
        }
        putchar('\n');
}

static void print_row(const char *left, const char *text, const char *others) {
        int columns = INDENT + utf8_columns(left, strlen(left));
        _cleanup_free_ char *whole = str_format("%s%s%s", text, isempty(others) ? "" : " ", strempty(others));

        printf("%*s%s", INDENT, "", left);
        if (columns + 2 > COLUMN)
                printf("\n%*s", COLUMN, "");
        else
                printf("%*s", COLUMN - columns, "");
        print_words(whole ? whole : text, COLUMN, COLUMN);
}

static int print_option(const char *names, const SettingType *type, const char *initial, const char *help, Error *error) {
        _cleanup_free_ char *usage = help_option_usage(names, type, initial), *others = help_option_others(names);

        if (!usage || !others)
                return error_oom(error);
        print_row(usage, help, others);
        return 0;
}

static int print_settings(Error *error) {
        SettingSection section = _SECTION_MAX;

        FOREACH_SETTING(s) {
                int r;

                if (!s->options)
                        continue;
                if (s->section != section) {
                        section = s->section;
                        printf("\n%s:\n", setting_section_name(section));
                }
                r = print_option(s->options, s->type, s->initial, s->help, error);
                if (r < 0)
                        return r;
        }

        printf("\nFor several settings:\n");
        FOREACH_SETTING_GROUP(g) {
                int r = print_option(g->options, g->type, NULL, g->help, error);

                if (r < 0)
                        return r;
        }

        printf("\nAs docker has them, in terms of the above:\n");
        FOREACH_OPTION(o, docker_options) {
                int r = print_option(o->names, o->type, NULL, o->help, error);

                if (r < 0)
                        return r;
        }
        return 0;
}

static void print_aliases(const char *names) {
        const char *main = names, *p;
        bool any = false;
        size_t n;

        while ((p = names_next(&names, &n)))
                if (p != main) {
                        printf("%s%.*s", any ? ", " : "\nAlso called ", (int) n, p);
                        any = true;
                }
        if (any)
                puts(".");
}

int help_verb(const Verb *verb, Error *error) {
        _cleanup_free_ char *name = verb_name(verb);
        bool takes_settings = verb->flags & VERB_SETTINGS;
        int r;

        if (!name)
                return error_oom(error);

        printf("berth %s%s%s%s\n\n", name, verb->options || takes_settings ? " [OPTIONS]" : "", *verb->operands ? " " : "",
               verb->operands);
        printf("%s.\n", verb->help);
        if (verb->details) {
                putchar('\n');
                print_words(verb->details, 0, 0);
        }
        print_aliases(verb->names);

        printf("\nOptions:\n");
        FOREACH_OPTION(o, verb->options) {
                r = print_option(o->names, o->type, NULL, o->help, error);
                if (r < 0)
                        return r;
        }
        FOREACH_SETTING(s)
                if (s->options && verb->settings && options_take_setting(verb->settings, s)) {
                        r = print_option(s->options, s->type, s->initial, s->help, error);
                        if (r < 0)
                                return r;
                }
        print_row(options_have_letter(verb->options, takes_settings, verb->settings, 'h') ? "    --help" : "-h, --help",
                  "Show this", NULL);

        r = takes_settings && !verb->settings ? print_settings(error) : 0;
        return r < 0 ? r : EXIT_SUCCESS;
}

int help_main(Error *error) {
        printf("berth VERB [OPTIONS] …\n\n"
               "Runs and manages machines: containers that are part of systemd's world.\n\n"
               "Verbs:\n");

        FOREACH_VERB(v) {
                const char *operands = (*v)->operands;
                _cleanup_free_ char *name = verb_name(*v), *usage = NULL;

                if (name)
                        usage = str_format("%s%s%s", name, *operands ? " " : "", operands);
                if (!usage)
                        return error_oom(error);
                print_row(usage, (*v)->help, NULL);
        }

        printf("\nOptions:\n");
        print_row("-h, --help", "Show this; berth VERB --help tells more", NULL);
        print_row("    --version", "Show the version", NULL);
        print_row("    --no-pager", "Long output at once, also on a terminal", NULL);
        printf("\nSee berth(1) for the manual.\n");
        return EXIT_SUCCESS;
}

char *help_nspawn_usage(const NspawnOption *o) {
        const char *name, *letter, *metavar = nspawn_option_type(o)->metavar;
        bool value = o->argument == NSPAWN_VALUE, maybe = o->argument == NSPAWN_MAYBE;
        size_t n = 0;

        main_names(o->names, &name, &n, &letter);
        return str_format("%s%.1s%s%s%.*s%s%s%s", letter ? "-" : "  ", letter ? letter : "",
                          !name    ? ""
                          : letter ? ", "
                                   : "  ",
                          name ? "--" : "", (int) n, strempty(name),
                          value   ? "="
                          : maybe ? "[="
                                  : "",
                          value || maybe ? metavar : "", maybe ? "]" : "");
}

int help_nspawn(Error *error) {
        static const char *const fates[] = {
                [NSPAWN_LEFT_OUT] = " (left out: ",
                [NSPAWN_REFUSED] = " (refused: ",
        };

        printf("berth-nspawn [OPTIONS] [COMMAND…]\n\n"
               "Runs a command or a system in a machine, as systemd-nspawn does.\n\n"
               "Options:\n");
        FOREACH_NSPAWN_OPTION(o) {
                _cleanup_free_ char *usage = help_nspawn_usage(o),
                                    *fate = o->fate == NSPAWN_DONE ? strdup("") : str_format("%s%s)", fates[o->fate], o->note),
                                    *text = str_format("%s%s", nspawn_option_help(o), strempty(fate));

                if (!usage || !fate || !text)
                        return error_oom(error);
                print_row(usage, text, NULL);
        }
        printf("\nSee berth-nspawn(1) for what differs.\n");
        return EXIT_SUCCESS;
}
