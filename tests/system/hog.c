/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Touches as many MiB of memory as it is told, then ends well. */

#include <stdlib.h>

enum { MEGABYTE = 1024 * 1024, PAGE = 4096 };

int main(int argc, char *argv[]) {
        size_t megabytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;

        for (size_t i = 0; i < megabytes; i++) {
                volatile char *chunk = malloc(MEGABYTE);

                if (!chunk)
                        return 2;
                for (size_t at = 0; at < MEGABYTE; at += PAGE)
                        chunk[at] = 1;
        }
        return 0;
}
