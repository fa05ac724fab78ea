/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>

#include "strv.h"
#include "words.h"

static void check_words(const char *line, ...) {
        _cleanup_strv_free_ char **words = NULL;
        const char *expected;
        size_t n = 0;
        va_list ap;

        assert_int_equal(words_split(line, &words), 0);
        va_start(ap, line);
        while ((expected = va_arg(ap, const char *))) {
                assert_true(n < strv_length(words));
                assert_string_equal(words[n++], expected);
        }
        va_end(ap);
        assert_int_equal(n, strv_length(words));
}

static void words(void **state) {
        check_words("", NULL);
        check_words(" \t ", NULL);
        check_words("a", "a", NULL);
        check_words("  a\tb  c ", "a", "b", "c", NULL);
        check_words("'a b' \"c d\"", "a b", "c d", NULL);
        check_words("a'b c'd", "ab cd", NULL);
        check_words("'' \"\" x", "", "", "x", NULL);
        check_words("'it\"s' \"it's\"", "it\"s", "it's", NULL);
        check_words("a\\b '\\n'", "a\\b", "\\n", NULL);
        check_words("$'a\\nb' $x $'\\x41\\''", "a\nb", "$x", "A'", NULL);
}

static void no_words(void **state) {
        static const char *const lines[] = { "'", "a 'b", "\"a", "$'a", "$'\\", "$'\\q'", "$'\\x4'", "$'\\x00'" };

        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                _cleanup_strv_free_ char **words = NULL;

                assert_int_equal(strv_append(&words, "before"), 0);
                assert_int_equal(words_split(lines[i], &words), -EINVAL);
                assert_int_equal(strv_length(words), 1);
        }
}

static void there_and_back(void **state) {
        static const char *const samples[] = {
                "",   "a",   "a b", "it's", "say \"x\"", "it's \"x\"", "a\nb",     "\t",
                "\\", "a\\", "$x",  "$'x'", "#",         "ü ö",        "\001\x7f", "a'\\'b",
        };

        for (size_t i = 0; i < ELEMENTSOF(samples); i++) {
                _cleanup_free_ char *quoted = words_quote(samples[i]);
                _cleanup_strv_free_ char **words = NULL;

                assert_non_null(quoted);
                assert_null(strchr(quoted, '\n'));
                assert_true(quoted[strlen(quoted) - 1] != '\\');
                assert_int_equal(words_split(quoted, &words), 0);
                assert_int_equal(strv_length(words), 1);
                assert_string_equal(words[0], samples[i]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { TEST(words), TEST(no_words), TEST(there_and_back) };

        return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
