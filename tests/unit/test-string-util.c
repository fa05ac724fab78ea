/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "string-util.h"

static void format(void **state) {
        _cleanup_free_ char *s = str_format("%s-%i", "a", 5);

        assert_string_equal(s, "a-5");
}

static void replace(void **state) {
        _cleanup_free_ char *s = NULL;

        assert_int_equal(str_replace(&s, "one"), 0);
        assert_string_equal(s, "one");
        assert_int_equal(str_replace(&s, "two"), 0);
        assert_string_equal(s, "two");
        assert_int_equal(str_replace(&s, NULL), 0);
        assert_null(s);
}

/* Text, whether it is UTF-8, and as it may be shown. */
static const struct {
        const char *text;
        bool utf8;
        const char *escaped;
} texts[] = {
        { "", true, "" },
        { "plain", true, "plain" },
        { "grün — 日本 𝄞", true, "grün — 日本 𝄞" },
        { "back\\slash", true, "back\\slash" },
        { "a\033[31mb", true, "a\\x1b[31mb" },
        { "a\nb\tc\r\x7f", true, "a\\x0ab\\x09c\\x0d\\x7f" },
        { "\xc2\x9b" "31m", true, "\\xc2\\x9b31m" },    /* U+009B: CSI in one character */
        { "\xc2\xa0", true, "\xc2\xa0" },
        { "\xff", false, "\\xff" },
        { "a\xc3", false, "a\\xc3" },                   /* cut off */
        { "\xc3z", false, "\\xc3z" },
        { "\xe2\x82z", false, "\\xe2\\x82z" },
        { "\xc0\xaf", false, "\\xc0\\xaf" },            /* overlong */
        { "\xe0\x80\xaf", false, "\\xe0\\x80\\xaf" },
        { "\xed\xa0\x80", false, "\\xed\\xa0\\x80" },   /* a surrogate */
        { "\xf4\x90\x80\x80", false, "\\xf4\\x90\\x80\\x80" }, /* beyond U+10FFFF */
        { "\x80", false, "\\x80" },
};

static void escape(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_free_ char *escaped = str_escape(texts[i].text);

                assert_string_equal(escaped, texts[i].escaped);
                assert_int_equal(str_is_utf8(texts[i].text), texts[i].utf8);
                assert_int_equal(str_is_unprintable(texts[i].text, ""), !streq(texts[i].text, texts[i].escaped));
                assert_false(str_is_unprintable(escaped, ""));
        }
}

static void allowed_controls(void **state) {
        assert_false(str_is_unprintable("a\nb", "\n"));
        assert_true(str_is_unprintable("a\nb", "\t"));
        assert_true(str_is_unprintable("a\n\033b", "\n"));
}

static void nearest(void **state) {
        static const char *const words[] = { "run", "start", "status", "stop", "list", NULL };

        assert_string_equal(str_nearest("rnu", words, 5), "run");
        assert_string_equal(str_nearest("statsu", words, 5), "status");
        assert_string_equal(str_nearest("stauts", words, 5), "status");
        assert_string_equal(str_nearest("sto", words, 5), "stop");
        assert_string_equal(str_nearest("runn", words, 5), "run");
        assert_string_equal(str_nearest("STOP", words, 5), "stop");
        assert_string_equal(str_nearest("lst", words, 6), "list");
        assert_null(str_nearest("frobnicate", words, 5));
        assert_null(str_nearest("x", words, 0));
        assert_null(str_nearest("a very long word that is much longer than what edit_distance() looks at at all", words, 5));
}

/* Fixed for ever: picks depend on it. Values from the FNV reference. */
static void hash(void **state) {
        assert_true(str_hash("") == UINT64_C(0xcbf29ce484222325));
        assert_true(str_hash("a") == UINT64_C(0xaf63dc4c8601ec8c));
        assert_true(str_hash("foobar") == UINT64_C(0x85944171f73967e8));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(format), TEST(replace), TEST(escape), TEST(allowed_controls), TEST(nearest), TEST(hash),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
