/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Disk images: what is found lies in the image, and an image that is refused says why. */

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dissect.h"
#include "fd-util.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        enum { IMAGE_SIZE = 1024 * 1024 };
        _cleanup_close_ int fd = memfd_create("image", MFD_CLOEXEC);
        _cleanup_dissection_ Dissection d = {};
        _cleanup_error_ Error error = ERROR_NULL;

        /* What is behind the bytes reads as zeros: tables speak of more than they take up. */
        fuzz_assert(fd >= 0 && fd_write_all(fd, data, size) >= 0);
        if (size < IMAGE_SIZE)
                fuzz_assert(ftruncate(fd, IMAGE_SIZE) >= 0);

        if (dissect(fd, "image", NULL, &d, &error) < 0) {
                fuzz_assert(error_is_set(&error));
                return 0;
        }
        fuzz_assert(d.partitions[PARTITION_ROOT].found);
        for (PartitionKind kind = 0; kind < _PARTITION_KIND_MAX; kind++)
                if (d.partitions[kind].found && d.partitions[kind].offset > 0)
                        fuzz_assert(d.partitions[kind].size > 0 || !partition_mount_point(kind));
        return 0;
}
