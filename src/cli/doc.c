/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * berth-doc TEMPLATE: makes the manual's tables from those of the program, at build time. The template is
 * scdoc(5); a line that is one of these words becomes what it says:
 *
 *   @verbs@      each verb with its options
 *   @options@    the settings as options of berth run, by section
 *   @docker@     docker's options that come to several settings
 *   @settings@   the settings in full, by section
 *   @resources@  who does what on which kind of host
 *   @nspawn@     the options of berth-nspawn
 *   @nspawn-differences@, @nspawn-defaults@  tables of what it does otherwise than systemd-nspawn, and as it
 *   @errors@     the names of D-Bus errors and the exit statuses that go with them
 */

#include <fcntl.h>
#include <stdio.h>

#include "docker.h"
#include "file-util.h"
#include "help.h"
#include "log.h"
#include "nspawn-options.h"
#include "resource.h"
#include "strv.h"
#include "verbs.h"

/* Text in which nothing means anything to scdoc. */
static void print_plain(const char *text, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (strchr("\\*_#[]|<>`~", text[i]))
                        putchar('\\');
                putchar(text[i]);
        }
}

static void print_sentence(const char *indent, const char *text) {
        printf("%s", indent);
        print_plain(text, strlen(text));
        puts(".");
}

static void print_paragraphs(const char *text) {
        while (*text) {
                size_t n = strcspn(text, "\n");

                print_plain(text, n);
                puts("\n");
                text += n + strspn(text + n, "\n");
        }
}

/* "*-m*, *--memory-max*, *--memory*": letters first. */
static void print_options_of(const char *names) {
        const char *separator = "";

        for (int letters = 1; letters >= 0; letters--) {
                const char *position = names, *name;
                size_t n;

                while ((name = names_next(&position, &n)))
                        if ((n == 1) == letters) {
                                printf("%s*%s%.*s*", separator, letters ? "-" : "--", (int) n, name);
                                separator = ", ";
                        }
        }
}

static void print_metavar(const SettingType *type, const char *initial) {
        if (type == &type_boolean && !streq_ptr(initial, "yes"))
                return;
        printf(" _");
        print_plain(type->metavar, strlen(type->metavar));
        putchar('_');
}

static void print_option(const char *names, const SettingType *type, const char *initial, const char *help) {
        print_options_of(names);
        print_metavar(type, initial);
        putchar('\n');
        print_sentence("\t", help);
        putchar('\n');
}

static void print_verb(const Verb *verb) {
        bool options = verb->options || verb->flags & VERB_SETTINGS;
        const char *names = verb->names, *name, *separator = "";
        size_t n = strcspn(names, "|");

        printf("*berth %.*s* %s", (int) n, verb->names, options ? "[_OPTIONS_] " : "");
        print_plain(verb->operands, strlen(verb->operands));
        puts("\n");
        print_sentence("", verb->help);
        putchar('\n');

        (void) names_next(&names, &n);
        if (*names) {
                printf("Also called ");
                while ((name = names_next(&names, &n))) {
                        printf("%s*%.*s*", separator, (int) n, name);
                        separator = ", ";
                }
                puts(".\n");
        }
        if (verb->details)
                print_paragraphs(verb->details);
        FOREACH_OPTION(o, verb->options)
                print_option(o->names, o->type, NULL, o->help);
        FOREACH_SETTING(s)
                if (s->options && verb->settings && options_take_setting(verb->settings, s))
                        print_option(s->options, s->type, s->initial, s->help);
}

static void print_verbs(void) {
        FOREACH_VERB(v) {
                printf("## %.*s\n\n", (int) strcspn((*v)->names, "|"), (*v)->names);
                print_verb(*v);
        }
}

static void print_section(const Setting *s, SettingSection *section) {
        if (s->section == *section)
                return;
        *section = s->section;
        printf("## [%s]\n\n", setting_section_name(s->section));
}

static void print_options(void) {
        SettingSection section = _SECTION_MAX;

        FOREACH_SETTING(s)
                if (s->options) {
                        print_section(s, &section);
                        print_option(s->options, s->type, s->initial, s->help);
                }
        printf("## For several settings\n\n");
        FOREACH_SETTING_GROUP(g)
        print_option(g->options, g->type, NULL, g->help);
}

/* The options that stand for several rows, by the row that they are asked for. */
static const SettingGroup *group_of(const Setting *s) {
        FOREACH_SETTING_GROUP(g)
        if (!s->options && g->prefix && startswith(s->name, g->prefix))
                return g;
        return NULL;
}

static const char *const trust_notes[] = {
        [TRUST_RUN] = NULL,
        [TRUST_OPERATOR] = "Not taken from a file beside an image.",
        [TRUST_HOST] = "Reaches the host: the right to run machines is not enough for it.",
        [TRUST_VALUE] = "Some values reach the host, for which the right to run machines is not enough.",
        [TRUST_OPERATOR_VALUE] = "Some values reach the host, for which the right to run machines is not enough. Not taken from "
                                 "a file beside an image.",
};

static void print_setting(const Setting *s) {
        const SettingGroup *group = group_of(s);

        printf("*%s=*", s->name);
        printf("_");
        print_plain(s->type->metavar, strlen(s->type->metavar));
        puts("_");
        print_sentence("\t", s->help);

        printf("\tTakes ");
        print_plain(s->type->allowed, strlen(s->type->allowed));
        printf(".%s", s->type->list ? " Can be given more than once; an empty value clears what was given before." : "");
        if (s->initial) {
                printf(" Default: ");
                print_plain(s->initial, strlen(s->initial));
                putchar('.');
        }
        puts("");

        if (s->options) {
                printf("\n\tOption: ");
                print_options_of(s->options);
                puts(".");
        }
        if (group) {
                printf("\n\tOption: ");
                print_options_of(group->options);
                printf(" _%s=VALUE_.\n", s->name + strlen(group->prefix));
        }
        if (trust_notes[s->trust])
                printf("\n\t%s\n", trust_notes[s->trust]);
        putchar('\n');
}

static void print_settings(void) {
        SettingSection section = _SECTION_MAX;

        FOREACH_SETTING(s) {
                print_section(s, &section);
                print_setting(s);
        }
}

static void print_docker(void) {
        FOREACH_OPTION(o, docker_options)
                print_option(o->names, o->type, NULL, o->help);
}

/* "systemd: cpu.weight", with what else there is to know below. */
static void print_way(const Resource *row, const ResourceWay *way) {
        static const char *const by[] = {
                [RESOURCE_BY_SYSTEMD] = "systemd",
                [RESOURCE_TRANSLATED] = "systemd",
                [RESOURCE_BY_BERTH] = "berth",
                [RESOURCE_REFUSED] = "refused",
        };

        printf(":  %s", by[way->by]);
        if (way->by == RESOURCE_TRANSLATED)
                printf(" as %s=", row->as);
        if (way->files) {
                printf(": ");
                for (const char *p = way->files; *p; p++)
                        if (*p == '|')
                                printf(" or ");
                        else
                                print_plain(p, 1);
        }
        if (way->note) {
                printf("%s", way->files ? ", " : ": ");
                print_plain(way->note, strlen(way->note));
        }
        putchar('\n');
}

static void print_resources(void) {
        puts("[[ *Setting*\n:[ *cgroup v2*\n:[ *hybrid*\n:[ *Live*");
        FOREACH_RESOURCE(row) {
                if (!setting_by_name(row->name))
                        continue;
                printf("|  %s=\n", row->name);
                print_way(row, &row->ways[HOST_UNIFIED]);
                print_way(row, &row->ways[HOST_HYBRID]);
                printf(":  %s\n", row->live ? "yes" : "no");
        }
        putchar('\n');
}

static void print_nspawn(void) {
        FOREACH_NSPAWN_OPTION(o) {
                const SettingType *type = nspawn_option_type(o);

                if (o->fate != NSPAWN_DONE)
                        continue;
                print_options_of(o->names);
                if (o->argument != NSPAWN_SWITCH) {
                        printf(o->argument == NSPAWN_MAYBE ? "[=_" : " _");
                        print_plain(type->metavar, strlen(type->metavar));
                        printf(o->argument == NSPAWN_MAYBE ? "_]" : "_");
                }
                putchar('\n');
                print_sentence("\t", nspawn_option_help(o));
                putchar('\n');
        }
}

static void print_nspawn_differences(void) {
        static const char *const fates[] = {
                [NSPAWN_DONE] = "done",
                [NSPAWN_LEFT_OUT] = "left out",
                [NSPAWN_REFUSED] = "refused",
        };

        printf("[[ *Option*\n:[ *Is*\n:[ *What differs, or why*\n");
        FOREACH_NSPAWN_OPTION(o) {
                if (!o->note)
                        continue;
                printf("|  ");
                print_options_of(o->names);
                printf("\n:  %s\n:  ", fates[o->fate]);
                print_plain(o->note, strlen(o->note));
                if (o->neutral) {
                        printf(". A value of ");
                        print_plain(*o->neutral ? o->neutral : "nothing", strlen(*o->neutral ? o->neutral : "nothing"));
                        printf(" is taken");
                }
                putchar('\n');
        }
        putchar('\n');
}

static void print_nspawn_defaults(void) {
        printf("[[ *Setting*\n:[ *Here*\n:[ *By itself, berth has*\n");
        FOREACH_NSPAWN_DEFAULT(d) {
                const Setting *s = setting_by_name(d->setting);

                printf("|  %s=\n:  ", d->setting);
                print_plain(d->note, strlen(d->note));
                printf("\n:  ");
                print_plain(s->initial ? s->initial : "none of these", strlen(s->initial ? s->initial : "none of these"));
                putchar('\n');
        }
        putchar('\n');
}

static void print_errors(void) {
        for (ErrorKind kind = 0; kind < _ERROR_KIND_MAX; kind++)
                printf("- %s (%i)\n", error_kind_to_dbus(kind), error_kind_to_exit_status(kind));
        putchar('\n');
}

static const struct {
        const char *word;
        void (*print)(void);
} tables[] = {
        { "@verbs@", print_verbs },
        { "@options@", print_options },
        { "@docker@", print_docker },
        { "@settings@", print_settings },
        { "@resources@", print_resources },
        { "@nspawn@", print_nspawn },
        { "@nspawn-differences@", print_nspawn_differences },
        { "@nspawn-defaults@", print_nspawn_defaults },
        { "@errors@", print_errors },
};

static void print_line(const char *line, size_t n) {
        for (size_t i = 0; i < ELEMENTSOF(tables); i++)
                if (strlen(tables[i].word) == n && strncmp(line, tables[i].word, n) == 0) {
                        tables[i].print();
                        return;
                }
        printf("%.*s\n", (int) n, line);
}

int main(int argc, char **argv) {
        _cleanup_free_ char *template = NULL;
        int r;

        log_setup("berth-doc");
        r = argc == 2 ? file_read_at(AT_FDCWD, argv[1], FILE_MAX_DEFAULT, &template, NULL) : -EINVAL;
        if (r < 0)
                return log_failure(r, NULL, "reading the template") < 0 ? EXIT_FAILURE : EXIT_SUCCESS;

        for (const char *line = template; *line;) {
                size_t n = strcspn(line, "\n");

                print_line(line, n);
                line += n + (line[n] == '\n');
        }
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
