/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "name.h"

#include <ctype.h>
#include <inttypes.h>
#include <sys/random.h>

#include "path-util.h"
#include "spec.h"
#include "string-util.h"

enum { SUFFIX_SIZE = sizeof("-3f2a9c1b") - 1 };

/* Letters and digits stay; whatever else is between them becomes one '-', or stays one '.'. */
char *name_from_tree(const char *path) {
        const char *base = path_basename(path), *suffix = strrchr(base, '.');
        char *name = malloc(SPEC_NAME_MAX + 1), *p = name;
        const char *end = suffix && streq(suffix, ".raw") ? suffix : base + strlen(base);

        if (!name)
                return NULL;

        for (const char *s = base; s < end && p < name + SPEC_NAME_MAX - SUFFIX_SIZE; s++) {
                if (isascii(*s) && isalnum(*s))
                        *p++ = *s;
                else if (p > name && isalnum(p[-1]))
                        *p++ = *s == '.' ? '.' : '-';
        }
        while (p > name && !isalnum(p[-1]))
                p--;
        *p = '\0';

        /* The host's own tree has no name: "/". */
        if (!*name)
                (void) strcpy(name, "machine");
        return name;
}

char *name_with_suffix(const char *name) {
        uint32_t suffix;

        /* Never short for so few bytes, and never waits once the system is up (getrandom(2)). */
        if (getrandom(&suffix, sizeof(suffix), 0) < 0)
                return NULL;
        return str_format("%s-%08" PRIx32, name, suffix);
}
