/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * host-settings: the settings that reach the host, each with a value that does, one in a line: "NAME VALUE". From the
 * table itself and the samples of the unit tests, so that none can be forgotten.
 */

#include <stdio.h>

#include "../unit/samples.h"

int main(void) {
        FOREACH_SETTING(s)
                for (const char *const *value = samples_of(s->type)->good; *value; value++) {
                        _cleanup_spec_ Spec *spec = spec_new();

                        if (!spec || setting_assign(s, spec, *value, NULL) < 0)
                                return EXIT_FAILURE;
                        if (setting_reaches_host(s, spec) && !strchr(*value, '\n')) {
                                printf("%s %s\n", s->name, *value);
                                break;
                        }
                }
        return EXIT_SUCCESS;
}
