/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* spec.json: what was read can be written, and reads the same again. */

#include "fuzz.h"
#include "spec-json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = fuzz_string(data, size), *first = NULL, *second = NULL;
        _cleanup_spec_ Spec *spec = NULL, *again = NULL;
        _cleanup_error_ Error error = ERROR_NULL;

        if (spec_from_json(text, &spec, &error) < 0) {
                fuzz_assert(error_is_set(&error));
                return 0;
        }

        fuzz_assert(spec_to_json(spec, 0, &first) >= 0);
        fuzz_assert(spec_from_json(first, &again, &error) >= 0);
        fuzz_assert(spec_to_json(again, 0, &second) >= 0);
        fuzz_assert(streq(first, second));
        return 0;
}
