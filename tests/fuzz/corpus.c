/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Replays a corpus without a fuzzer: each file, then each beginning of it and each of its bytes changed, since a
 * parser's mistakes are at ends and borders. corpus FOLDER…
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fd-util.h"
#include "fuzz.h"

enum { FILE_MAX = 1024 * 1024, VARY_MAX = 2048 };

/* A copy that ends where the input ends, so that the sanitizers and valgrind see one byte too many. */
static void run(const char *data, size_t size) {
        _cleanup_free_ uint8_t *copy = malloc(size > 0 ? size : 1);

        fuzz_assert(copy);
        memcpy(copy, data, size);
        (void) LLVMFuzzerTestOneInput(copy, size);
}

static void run_variations(char *data, size_t size) {
        static const char changes[] = { '\0', '\xff', '\n', '=', ' ' };

        run(data, size);
        for (size_t i = 0; i < size && size <= VARY_MAX; i++) {
                char saved = data[i];

                run(data, i);
                data[i] = changes[i % ELEMENTSOF(changes)];
                run(data, size);
                data[i] = saved;
        }
}

static int run_folder(const char *path) {
        DIR *dir = opendir(path);
        struct dirent *entry;
        int n = 0;

        fuzz_assert(dir);
        while ((entry = readdir(dir))) {
                _cleanup_close_ int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
                _cleanup_free_ char *data = NULL;
                size_t size;
                struct stat st;

                fuzz_assert(fd >= 0 && fstat(fd, &st) >= 0);
                if (!S_ISREG(st.st_mode))
                        continue;
                fuzz_assert(fd_read_all(fd, FILE_MAX, &data, &size) >= 0);
                run_variations(data, size);
                n++;
        }
        (void) closedir(dir);
        return n;
}

int main(int argc, char **argv) {
        int n = 0;

        for (int i = 1; i < argc; i++)
                n += run_folder(argv[i]);

        printf("%i files\n", n);
        return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
