/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <ctype.h>

#include "fd-util.h"
#include "help.h"
#include "output.h"
#include "strv.h"
#include "verbs.h"

static void rows_are_whole(void **state) {
        FOREACH_VERB(v) {
                assert_true((*v)->names && (*v)->operands && (*v)->run);
                assert_true(isupper((unsigned char) (*v)->help[0]));
                assert_true((*v)->help[strlen((*v)->help) - 1] != '.');
                assert_true((*v)->least <= (*v)->most);
                FOREACH_OPTION(o, (*v)->options) {
                        assert_true(o->type && o->help && o->offset < (*v)->size);
                        assert_true(isupper((unsigned char) o->help[0]));
                        assert_true(o->help[strlen(o->help) - 1] != '.');
                }
        }
}

static void names_are_unique(void **state) {
        FOREACH_VERB(v) {
                const char *names = (*v)->names, *p;
                size_t n;

                while ((p = names_next(&names, &n))) {
                        _cleanup_free_ char *name = strndup(p, n);

                        assert_ptr_equal(verb_find(name, NULL), *v);
                }
        }
}

/* An option of a verb hides no setting that the verb takes, and no other of its own. */
static void options_are_unique(void **state) {
        FOREACH_VERB(v)
                FOREACH_OPTION(o, (*v)->options) {
                        const char *names = o->names, *p;
                        size_t n;

                        while ((p = names_next(&names, &n))) {
                                _cleanup_free_ char *name = strndup(p, n);

                                assert_string_not_equal(name, "help");
                                /* docker has the one word for a command that joins, too, and there it means the command alone. */
                                if ((*v)->flags & VERB_SETTINGS && !(*v == &verb_exec && streq(name, "privileged")))
                                        assert_null(setting_by_option(name));
                                FOREACH_OPTION(other, (*v)->options)
                                        assert_true(other == o || !names_contain(other->names, name));
                        }
                }
}

static void unknown_verbs(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;

        assert_null(verb_find("stauts", &error));
        assert_non_null(strstr(error.reason, "did you mean status?"));
        error_done(&error);
        assert_null(verb_find("zzzzzzzzzz", &error));
        assert_non_null(strstr(error.reason, "berth --help"));
        error_done(&error);
        assert_null(verb_find("", &error));
}

/* What is printed while FUNCTION runs, with standard output in a file. */
static char *printed(int (*function)(const Verb *verb, Error *error), const Verb *verb) {
        _cleanup_close_ int saved = fd_dup(STDOUT_FILENO);
        FILE *f = tmpfile();
        char *text = NULL;

        assert_non_null(f);
        (void) fflush(stdout);
        assert_int_equal(dup2(fileno(f), STDOUT_FILENO), STDOUT_FILENO);
        assert_int_equal(function(verb, NULL), EXIT_SUCCESS);
        (void) fflush(stdout);
        assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);

        rewind(f);
        assert_int_equal(fd_read_all(fileno(f), 1 << 20, &text, NULL), 0);
        assert_int_equal(fclose(f), 0);
        return text;
}

static int main_help(const Verb *verb, Error *error) {
        return help_main(error);
}

static void check_width(const char *text) {
        _cleanup_strv_free_ char **lines = NULL;

        assert_int_equal(strv_split(text, "\n", &lines), 0);
        STRV_FOREACH(line, lines)
                if (utf8_columns(*line, strlen(*line)) > 80 || (*line)[strlen(*line) - 1] == ' ')
                        fail_msg("does not fit in 80 columns, or ends with a space: '%s'", *line);
}

static void help_fits_a_terminal(void **state) {
        _cleanup_free_ char *text = printed(main_help, NULL);

        check_width(text);
        FOREACH_VERB(v) {
                _cleanup_free_ char *page = printed(help_verb, *v), *name = verb_name(*v);

                check_width(page);
                assert_non_null(strstr(text, name));
                assert_non_null(strstr(page, "--help"));
        }
}

/* Each setting that has an option stands in the help of run. */
static void help_is_complete(void **state) {
        _cleanup_free_ char *page = printed(help_verb, &verb_run);

        FOREACH_SETTING(s)
                if (s->options) {
                        _cleanup_free_ char *usage = help_option_usage(s->options, s->type, s->initial);

                        assert_non_null(strstr(page, usage));
                }
}

static void option_usage(void **state) {
        static const struct {
                const char *names;
                const SettingType *type;
                const char *initial, *usage, *others;
        } rows[] = {
                { "memory-max|memory|m", &type_unit_size, NULL, "-m, --memory-max=BYTES", "(also --memory)" },
                { "environment|env|e|E", &type_environment, NULL, "-e, --environment=NAME=VALUE", "(also --env, -E)" },
                { "all", &type_boolean, NULL, "    --all", "" },
                { "all|a", &type_boolean, "no", "-a, --all", "" },
                { "private", &type_boolean, "yes", "    --private=BOOL", "" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_free_ char *usage = help_option_usage(rows[i].names, rows[i].type, rows[i].initial);
                _cleanup_free_ char *others = help_option_others(rows[i].names);

                assert_string_equal(usage, rows[i].usage);
                assert_string_equal(others, rows[i].others);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(rows_are_whole), TEST(names_are_unique),     TEST(options_are_unique), TEST(unknown_verbs),
                TEST(option_usage),   TEST(help_fits_a_terminal), TEST(help_is_complete),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
