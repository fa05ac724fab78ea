/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "strv.h"

static void check(char *const *strv, const char *expected) {
        _cleanup_free_ char *joined = strv_join(strv, "|");

        assert_string_equal(joined, expected);
}

static void grow(void **state) {
        _cleanup_strv_free_ char **strv = NULL;

        assert_int_equal(strv_length(strv), 0);
        check(strv, "");
        assert_int_equal(strv_append(&strv, "a"), 0);
        assert_int_equal(strv_append(&strv, ""), 0);
        assert_int_equal(strv_consume(&strv, strdup("c")), 0);
        assert_int_equal(strv_length(strv), 3);
        check(strv, "a||c");

        /* A string that could not be made. */
        assert_int_equal(strv_consume(&strv, NULL), -ENOMEM);
        assert_int_equal(strv_length(strv), 3);

        assert_true(strv_contains(strv, ""));
        assert_true(strv_contains(strv, "c"));
        assert_false(strv_contains(strv, "b"));
        assert_false(strv_contains(NULL, "b"));
        assert_null(strv_free(NULL));
}

static void copy(void **state) {
        char *source[] = { (char *) "x", (char *) "yy", NULL };
        _cleanup_strv_free_ char **same = strv_copy(source), **none = strv_copy(NULL);

        assert_true(strv_equal(source, same));
        assert_ptr_not_equal(source[0], same[0]);
        assert_non_null(none);
        assert_null(none[0]);

        assert_true(strv_equal(NULL, none));
        assert_true(strv_equal(NULL, NULL));
        assert_false(strv_equal(source, NULL));
        assert_false(strv_equal(source, source + 1));
}

static void split(void **state) {
        static const struct {
                const char *text, *expected;
        } rows[] = {
                { "", "" }, { "   ", "" }, { "a", "a" }, { " a,b  c,", "a|b|c" }, { ",,,", "" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_strv_free_ char **words = NULL;

                assert_int_equal(strv_split(rows[i].text, " ,", &words), 0);
                check(words, rows[i].expected);
        }
}

static void environment(void **state) {
        char *env[] = { (char *) "A=1", (char *) "AB=2", (char *) "A=3", (char *) "EMPTY=", (char *) "A", NULL };

        assert_string_equal(strv_env_get(env, "A"), "3");
        assert_string_equal(strv_env_get(env, "AB"), "2");
        assert_string_equal(strv_env_get(env, "EMPTY"), "");
        assert_null(strv_env_get(env, "B"));
        assert_null(strv_env_get(NULL, "A"));
}

static void join(void **state) {
        char *words[] = { (char *) "a", (char *) "b", NULL };
        _cleanup_free_ char *text = strv_join(words, ", ");

        assert_string_equal(text, "a, b");
}

int main(void) {
        const struct CMUnitTest tests[] = { TEST(grow), TEST(copy), TEST(split), TEST(environment), TEST(join) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
