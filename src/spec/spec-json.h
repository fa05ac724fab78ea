/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The spec as JSON: spec.json of the run directory, and the settings that are kept for a stopped machine.
 *
 *   { "name": "web", "root": "/var/lib/machines/web", "terminal": false, "remove": true,
 *     "settings": { "Environment": ["A=1"], "MemoryMax": "64M", … } }
 *
 * Values are in the settings' own syntax, a list is an array of strings, a boolean is a boolean.
 */

#include "spec.h"

typedef enum SpecJsonFlags {
        SPEC_JSON_ASSIGNED = 1 << 0, /* only what a user set; without it, every setting that has a value */
} SpecJsonFlags;

/* One line of JSON; the caller frees it. */
int spec_to_json(const Spec *spec, SpecJsonFlags flags, char **ret);

/* Reads what spec_to_json() wrote. Unknown keys and bad values are errors. */
int spec_from_json(const char *text, Spec **ret, Error *error);
