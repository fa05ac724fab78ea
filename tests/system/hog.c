/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Touches as many MiB of memory as it is told, then ends well. */

#include <stdlib.h>
#include <string.h>

int main(int argc, char *argv[]) {
        size_t megabytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;

        for (size_t i = 0; i < megabytes; i++) {
                volatile char *chunk = malloc(1024 * 1024);

                if (!chunk)
                        return 2;
                memset((void *) chunk, (int) i + 1, 1024 * 1024);
        }
        return 0;
}
