/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Seccomp profiles and SystemCallFilter=: what was taken is written so that it is taken again, and as the same. */

#include "fuzz.h"
#include "seccomp-profile.h"
#include "setting.h"
#include "strv.h"

static void try_profile(const char *text) {
        _cleanup_free_ char *first = NULL, *second = NULL;
        _cleanup_error_ Error error = ERROR_NULL;

        if (seccomp_profile_compact(text, &first, &error) < 0) {
                fuzz_assert(error_is_set(&error));
                return;
        }
        fuzz_assert(seccomp_profile_compact(first, &second, &error) >= 0);
        fuzz_assert(streq(first, second));
}

static void try_words(const char *text) {
        _cleanup_strv_free_ char **words = NULL, **again = NULL;

        if (type_system_calls.parse(&words, text) < 0) {
                fuzz_assert(!words);
                return;
        }
        STRV_FOREACH(word, words) {
                _cleanup_free_ char *name = NULL;
                int number;

                fuzz_assert(system_call_word_parse(*word, &name, &number) >= 0);
                fuzz_assert(type_system_calls.parse(&again, *word) >= 0);
        }
        fuzz_assert(strv_equal(words, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = fuzz_string(data, size);

        try_profile(text);
        try_words(text);
        return 0;
}
