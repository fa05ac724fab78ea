/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>

#include "samples.h"
#include "spec-json.h"
#include "string-util.h"

/* There and back: all that is in it, and that the same is written again. */
static Spec *check_round_trip(const Spec *spec, SpecJsonFlags flags) {
        _cleanup_free_ char *json = NULL, *again = NULL;
        _cleanup_error_ Error error = ERROR_NULL;
        Spec *back = NULL;

        assert_int_equal(spec_to_json(spec, flags, &json), 0);
        if (spec_from_json(json, &back, &error) < 0)
                fail_msg("%s: %s", json, error.reason);
        assert_int_equal(spec_to_json(back, flags, &again), 0);
        assert_string_equal(json, again);
        return back;
}

static void everything_comes_back(void **state) {
        _cleanup_spec_ Spec *spec = spec_new(), *back = NULL;

        assert_int_equal(str_replace(&spec->name, "web"), 0);
        assert_int_equal(str_replace(&spec->root, "/srv/ü \"x\""), 0);
        spec->terminal = spec->remove = true;
        FOREACH_SETTING(s)
                for (const char *const *value = samples_of(s->type)->good; *value; value++)
                        assert_int_equal(setting_assign(s, spec, *value, NULL), 0);

        back = check_round_trip(spec, SPEC_JSON_ASSIGNED);
        assert_string_equal(back->name, "web");
        assert_string_equal(back->root, "/srv/ü \"x\"");
        assert_true(back->terminal && back->remove);
        assert_memory_equal(back->assigned, spec->assigned, sizeof(spec->assigned));
        FOREACH_SETTING(s) {
                _cleanup_free_ char *a = setting_text(s, spec), *b = setting_text(s, back);

                assert_string_equal(a, b);
        }
}

static void defaults(void **state) {
        _cleanup_spec_ Spec *spec = spec_new(), *back = NULL, *all = NULL;
        _cleanup_free_ char *json = NULL;

        assert_int_equal(spec_to_json(spec, SPEC_JSON_ASSIGNED, &json), 0);
        assert_string_equal(json, "{\"terminal\":false,\"remove\":false,\"settings\":{}}");
        back = check_round_trip(spec, SPEC_JSON_ASSIGNED);
        assert_null(memchr(back->assigned, true, sizeof(back->assigned)));

        /* The whole of it: what was a default is then said by somebody. */
        all = check_round_trip(spec, 0);
        assert_non_null(memchr(all->assigned, true, sizeof(all->assigned)));
}

/* A command may have empty arguments anywhere. */
static void empty_arguments(void **state) {
        static const char *const command[] = { "sh", "-c", "", "x", "" };
        _cleanup_spec_ Spec *spec = spec_new(), *back = NULL;

        for (size_t i = 0; i < ELEMENTSOF(command); i++)
                assert_int_equal(setting_add(setting_by_name("Parameters"), spec, command[i], NULL), 0);
        back = check_round_trip(spec, SPEC_JSON_ASSIGNED);
        assert_true(strv_equal(spec->parameters, back->parameters));
}

static void not_utf8(void **state) {
        _cleanup_spec_ Spec *spec = spec_new();
        char *json = NULL;

        assert_int_equal(setting_add(setting_by_name("Parameters"), spec, "\xff", NULL), 0);
        assert_int_equal(spec_to_json(spec, 0, &json), -EILSEQ);
        assert_null(json);
}

static void refused(void **state) {
        static const struct {
                const char *json;
                ErrorKind kind;
        } rows[] = {
                { "", ERROR_INVALID_VALUE },
                { "[]", ERROR_INVALID_VALUE },
                { "{", ERROR_INVALID_VALUE },
                { "{} {}", ERROR_INVALID_VALUE },
                { "{\"name\":\"a\",\"name\":\"b\"}", ERROR_INVALID_VALUE },
                { "{\"name\":5}", ERROR_INVALID_VALUE },
                { "{\"more\":5}", ERROR_INVALID_VALUE },
                { "{\"terminal\":\"yes\"}", ERROR_INVALID_VALUE },
                { "{\"settings\":[]}", ERROR_INVALID_VALUE },
                { "{\"settings\":{\"Nonsense\":\"1\"}}", ERROR_UNKNOWN_SETTING },
                { "{\"settings\":{\"MemoryMax\":5}}", ERROR_INVALID_VALUE },
                { "{\"settings\":{\"MemoryMax\":\"x\"}}", ERROR_INVALID_VALUE },
                { "{\"settings\":{\"MemoryMax\":[\"1M\"]}}", ERROR_INVALID_VALUE },
                { "{\"settings\":{\"Environment\":\"A=1\"}}", ERROR_INVALID_VALUE },
                { "{\"settings\":{\"Environment\":[1]}}", ERROR_INVALID_VALUE },
                { "{\"settings\":{\"Environment\":[\"A\"]}}", ERROR_INVALID_VALUE },
                { "{\"settings\":{\"ReadOnly\":null}}", ERROR_INVALID_VALUE },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_error_ Error error = ERROR_NULL;
                Spec *spec = NULL;

                if (spec_from_json(rows[i].json, &spec, &error) >= 0)
                        fail_msg("taken: %s", rows[i].json);
                assert_null(spec);
                assert_int_equal(error.kind, rows[i].kind);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(everything_comes_back), TEST(defaults), TEST(empty_arguments), TEST(not_utf8), TEST(refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
