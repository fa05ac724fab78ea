/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Settings files, of an image's author first of all: nothing that reaches the host, and what was read can be written. */

#include "fuzz.h"
#include "setting.h"
#include "spec-file.h"
#include "strv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = fuzz_string(data, size), *first = NULL, *second = NULL;
        const Specifiers specifiers = { .instance = "1", .prefix = "web", .machine = "web-1" };
        const SpecFile untrusted = { .path = "input", .specifiers = &specifiers },
                       trusted = { .path = "written", .trusted = true };
        _cleanup_spec_ Spec *spec = spec_new(), *again = spec_new();
        _cleanup_strv_free_ char **warnings = NULL;
        _cleanup_error_ Error error = ERROR_NULL;

        fuzz_assert(spec && again);
        if (spec_file_read(&untrusted, text, spec, &warnings, &error) < 0) {
                fuzz_assert(error_is_set(&error));
                return 0;
        }
        fuzz_assert(!spec_first_host_setting(spec));

        if (spec_file_write(spec, &first, &error) < 0)
                return 0;
        fuzz_assert(spec_file_read(&trusted, first, again, &warnings, &error) >= 0);
        fuzz_assert(spec_file_write(again, &second, &error) >= 0);
        fuzz_assert(streq(first, second));
        return 0;
}
