/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a fuzz target is: one function that takes any bytes whatever and returns 0. libFuzzer (with -Dfuzz=true) or
 * corpus.c, which replays the files of corpus/NAME as a unit test, has the main().
 */

#include "macro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must be so whatever the input is; not left out by NDEBUG. */
#define fuzz_assert(expression)          \
        do                               \
                if (!(expression))       \
                        abort();         \
        while (false)

/* The input as a string, up to its first NUL. The caller frees it. */
static inline char *fuzz_string(const uint8_t *data, size_t size) {
        char *s = strndup(size > 0 ? (const char *) data : "", size);

        fuzz_assert(s);
        return s;
}
