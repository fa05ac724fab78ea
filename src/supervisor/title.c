/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "title.h"

#include <stdio.h>

Title title_of(int argc, char *argv[]) {
        char *end = argv[0] + strlen(argv[0]) + 1;

        /* The kernel lays the strings out one behind the other (execve(2)); we take no more than that. */
        for (int i = 1; i < argc && argv[i] == end; i++)
                end += strlen(argv[i]) + 1;
        return (Title){ .start = argv[0], .size = (size_t) (end - argv[0]) };
}

void title_set(const Title *title, const char *name) {
        memset(title->start, 0, title->size);
        /* As arguments are laid out: a NUL behind each. */
        (void) snprintf(title->start, title->size, "berth-supervisor%c%s", '\0', name);
}
