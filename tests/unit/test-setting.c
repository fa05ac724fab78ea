/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <ctype.h>

#include "samples.h"
#include "string-util.h"

static void rows_are_whole(void **state) {
        FOREACH_SETTING(s) {
                assert_true(s->name && s->help && isupper((unsigned char) s->name[0]));
                assert_true(s->section < _SECTION_MAX);
                assert_non_null(setting_section_name(s->section));
                assert_non_null(s->type);
                assert_true(s->offset < sizeof(Spec));

                /* One line of --help, of the manual and of a table: a sentence without its point. */
                assert_true(isupper((unsigned char) s->help[0]));
                assert_true(strlen(s->help) <= 72);
                assert_true(s->help[strlen(s->help) - 1] != '.');
                assert_false(str_is_unprintable(s->help, ""));
        }
}

static void types_are_whole(void **state) {
        FOREACH_SETTING(s) {
                assert_true(s->type->name && s->type->metavar && s->type->allowed && s->type->signature);
                assert_true(s->type->parse && s->type->clear);
                assert_true(s->type->list ? s->type->format_list && !s->type->format : s->type->format && !s->type->format_list);
                if (!samples_of(s->type))
                        fail_msg("type '%s' has no samples in samples.h", s->type->name);
        }
}

static void names_and_fields_are_unique(void **state) {
        FOREACH_SETTING(a) {
                assert_ptr_equal(setting_by_name(a->name), a);
                FOREACH_SETTING(b)
                        if (a != b)
                                assert_true(a->offset != b->offset);
        }
        assert_null(setting_by_name("memorymax"));
        assert_null(setting_by_name(""));
}

static void options_are_unique(void **state) {
        FOREACH_SETTING(s) {
                _cleanup_strv_free_ char **names = NULL;

                if (!s->options)
                        continue;
                assert_int_equal(strv_split(s->options, "|", &names), 0);
                assert_true(strlen(names[0]) > 1);

                STRV_FOREACH(name, names) {
                        for (const char *p = *name; *p; p++)
                                assert_true(isalnum((unsigned char) *p) || *p == '-');
                        /* The first row that has it: so a second one would show here. */
                        assert_ptr_equal(setting_by_option(*name), s);
                }
        }
        assert_string_equal(setting_by_option("c")->name, "CPUShares");
        assert_string_equal(setting_by_option("memory-max")->name, "MemoryMax");
        assert_null(setting_by_option("memor"));
        assert_null(setting_by_option(""));
        assert_null(setting_by_option("cpu-shares|c"));
}

static void defaults_are_valid(void **state) {
        _cleanup_spec_ Spec *spec = spec_new();

        FOREACH_SETTING(s) {
                _cleanup_free_ char *text = setting_text(s, spec), *again = NULL;
                _cleanup_spec_ Spec *other = spec_new();

                assert_false(setting_is_assigned(s, spec));
                if (!s->initial) {
                        assert_true(s->type == &type_boolean || s->type == &type_user_namespace || *text == '\0');
                        continue;
                }
                assert_int_equal(setting_assign(s, other, s->initial, NULL), 0);
                again = setting_text(s, other);
                assert_string_equal(text, again);
        }
        assert_null(spec_first_host_setting(spec));
}

/* Each row with each sample of its type: what is written is read back as the same. */
static void values_come_back(void **state) {
        FOREACH_SETTING(s)
                for (const char *const *value = samples_of(s->type)->good; *value; value++) {
                        _cleanup_free_ char *first = NULL, *second = NULL;
                        _cleanup_strv_free_ char **items = NULL;
                        _cleanup_spec_ Spec *a = spec_new(), *b = spec_new();

                        if (setting_assign(s, a, *value, NULL) < 0)
                                fail_msg("%s= refuses '%s'", s->name, *value);
                        assert_true(setting_is_assigned(s, a));
                        first = setting_text(s, a);
                        assert_true(*first);

                        if (s->type->list) {
                                assert_int_equal(s->type->format_list(setting_field_const(s, a), &items), 0);
                                STRV_FOREACH(item, items)
                                        assert_int_equal(setting_add(s, b, *item, NULL), 0);
                        } else
                                assert_int_equal(setting_assign(s, b, first, NULL), 0);
                        second = setting_text(s, b);
                        assert_string_equal(first, second);
                }
}

static void bad_values_are_refused(void **state) {
        FOREACH_SETTING(s)
                for (const char *const *value = samples_of(s->type)->bad; *value; value++) {
                        _cleanup_free_ char *before = NULL, *after = NULL, *text = NULL;
                        _cleanup_error_ Error error = ERROR_NULL;
                        _cleanup_spec_ Spec *spec = spec_new();

                        before = setting_text(s, spec);
                        if (setting_assign(s, spec, *value, &error) >= 0)
                                fail_msg("%s= takes '%s'", s->name, *value);
                        after = setting_text(s, spec);
                        assert_string_equal(before, after);
                        assert_false(setting_is_assigned(s, spec));

                        /* The message says what is allowed. */
                        text = error_render(&error);
                        assert_int_equal(error.kind, ERROR_INVALID_VALUE);
                        assert_string_equal(error.object, s->name);
                        assert_non_null(strstr(text, s->type->allowed));
                }
}

static void empty_goes_back_to_the_default(void **state) {
        FOREACH_SETTING(s) {
                _cleanup_spec_ Spec *spec = spec_new();
                _cleanup_free_ char *before = setting_text(s, spec), *after = NULL;

                assert_int_equal(setting_assign(s, spec, samples_of(s->type)->good[0], NULL), 0);
                assert_int_equal(setting_assign(s, spec, "", NULL), 0);
                after = setting_text(s, spec);
                assert_string_equal(before, after);
                assert_false(setting_is_assigned(s, spec));
        }
}

static void lists_add_up(void **state) {
        const Setting *parameters = setting_by_name("Parameters"), *user = setting_by_name("User");
        _cleanup_spec_ Spec *spec = spec_new();

        assert_int_equal(setting_add(parameters, spec, "printf", NULL), 0);
        assert_int_equal(setting_add(parameters, spec, "", NULL), 0);
        assert_int_equal(setting_add(parameters, spec, "end", NULL), 0);
        assert_int_equal(strv_length(spec->parameters), 3);
        assert_string_equal(spec->parameters[1], "");

        assert_int_equal(setting_assign(user, spec, "a", NULL), 0);
        assert_int_equal(setting_assign(user, spec, "b", NULL), 0);
        assert_string_equal(spec->user, "b");
}

static void unknown_names(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;
        const Setting *s;

        assert_true(setting_find("MemoryMaximum", &s, &error) < 0);
        assert_int_equal(error.kind, ERROR_UNKNOWN_SETTING);
        assert_string_equal(error.object, "MemoryMaximum");
        error_done(&error);

        assert_true(setting_find("MemoryMx", &s, &error) < 0);
        assert_non_null(strstr(error.reason, "MemoryMax"));
        assert_int_equal(setting_find("MemoryMax", &s, NULL), 0);
        assert_ptr_equal(s, setting_by_name("MemoryMax"));
}

/* Which values the right to run a machine is not enough for. */
static void trust(void **state) {
        static const struct {
                const char *name, *value;
                bool reaches;
        } rows[] = {
                { "MemoryMax", "1G", false },      { "Environment", "A=1", false },
                { "DropCapability", "all", false }, { "Capability", "CAP_SYS_ADMIN", true },
                { "PrivateUsers", "pick", false }, { "PrivateUsers", "no", true },
                { "PrivateUsers", "identity", true }, { "PrivateUsers", "524288", true },
                { "Private", "yes", false },       { "Private", "no", true },
                { "Property", "IOAccounting=yes", true }, { "Slice", "system.slice", true },
                { "AllowExposedTree", "yes", true }, { "Bind", "/srv", true },
                { "Bind", "+/srv:/mnt", false },   { "Bind", ":/mnt", false },
                { "BindReadOnly", "/srv", true },  { "Volume", "/srv:/mnt", true },
                { "Volume", "data:/mnt", false },  { "Overlay", "+/a:+/b:/c", false },
                { "Overlay", "+/a:/b:/c", true },  { "OverlayReadOnly", "/a:/b", true },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const Setting *s = setting_by_name(rows[i].name);
                _cleanup_spec_ Spec *spec = spec_new();

                assert_int_equal(setting_assign(s, spec, rows[i].value, NULL), 0);
                assert_int_equal(setting_reaches_host(s, spec), rows[i].reaches);
                assert_ptr_equal(spec_first_host_setting(spec), rows[i].reaches ? s : NULL);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(rows_are_whole),     TEST(types_are_whole),        TEST(names_and_fields_are_unique),
                TEST(options_are_unique), TEST(defaults_are_valid),     TEST(values_come_back),
                TEST(bad_values_are_refused), TEST(empty_goes_back_to_the_default), TEST(lists_add_up),
                TEST(unknown_names),      TEST(trust),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
