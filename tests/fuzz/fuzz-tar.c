/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What berth cp reads from a machine: whatever is in the stream, nothing is made outside of the directory. */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "fuzz.h"
#include "tar-format.h"
#include "tar.h"

static int count_items(int dir) {
        int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
        DIR *stream = fd < 0 ? NULL : fdopendir(fd);

        fuzz_assert(stream);
        while (readdir(stream))
                n++;
        (void) closedir(stream);
        return n - 2; /* "." and ".." */
}

/* A directory with one in it, made once: what leads out of the inner one is found in the outer one. */
static char outer_path[] = "/dev/shm/berth-fuzz-XXXXXX"; /* memory: each input makes files and removes them */

static void remove_outer(void) {
        (void) directory_remove_at(AT_FDCWD, outer_path);
}

static int open_outer(void) {
        static int outer = -EBADF;

        if (outer >= 0)
                return outer;
        fuzz_assert(mkdtemp(outer_path));
        (void) atexit(remove_outer);
        outer = open(outer_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        fuzz_assert(outer >= 0 && mkdirat(outer, "inner", 0700) >= 0);
        return outer;
}

/* Checksums that are right, since behind a wrong one there is nothing to find. */
static void mend_checksums(uint8_t *data, size_t size) {
        for (size_t i = 0; i + sizeof(TarHeader) <= size; i += TAR_BLOCK) {
                TarHeader h;

                (void) memcpy(&h, data + i, sizeof(h));
                if (memcmp(h.magic, "ustar", 5) != 0)
                        continue;
                (void) snprintf(h.checksum, sizeof(h.checksum), "%06o", (unsigned) tar_checksum(&h) & 0777777);
                (void) memcpy(data + i, &h, sizeof(h));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        int outer = open_outer();
        _cleanup_close_ int fd = -EBADF, inner = openat(outer, "inner", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_free_ uint8_t *mended = malloc(size > 0 ? size : 1);
        _cleanup_error_ Error error = ERROR_NULL;
        bool renamed = size % 2 != 0;

        fuzz_assert(mended);
        (void) memcpy(mended, data, size);
        mend_checksums(mended, size);
        fd = fd_from_data("stream", mended, size);
        fuzz_assert(fd >= 0 && inner >= 0);
        if (tar_extract(fd, inner, renamed ? "new-name" : NULL, TAR_KEEP_OWNER, &error) < 0)
                fuzz_assert(error_is_set(&error));

        fuzz_assert(count_items(outer) == 1);
        if (renamed)
                fuzz_assert(count_items(inner) <= 1);
        fuzz_assert(directory_empty(inner) >= 0);
        return 0;
}
