/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loop.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <time.h>

#include "fd-util.h"
#include "string-util.h"

static const char step[] = "attaching a loop device";

/* Others look for a free device as well: what is free when we ask need not be when we take it. */
static int take_free(int control, const struct loop_config *config, bool read_only, char **ret_path) {
        enum { TRIES = 64 };

        for (int i = 0; i < TRIES; i++) {
                _cleanup_free_ char *path = NULL;
                _cleanup_close_ int device = -EBADF;
                int number = ioctl(control, LOOP_CTL_GET_FREE);

                if (number < 0)
                        return negative_errno();
                path = str_format("/dev/loop%i", number);
                if (!path)
                        return -ENOMEM;
                device = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW);
                if (device >= 0 && ioctl(device, LOOP_CONFIGURE, config) >= 0) {
                        *ret_path = TAKE_PTR(path);
                        return TAKE_FD(device);
                }
                if (errno != EBUSY && errno != EINTR && errno != EAGAIN && errno != ENXIO)
                        return negative_errno();
                (void) nanosleep(&(struct timespec){ .tv_nsec = 1000 * 1000 }, NULL);
        }
        return -EBUSY;
}

int loop_attach(int fd, uint64_t offset, uint64_t size, bool read_only, char **ret_path, Error *error) {
        _cleanup_close_ int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
        struct loop_config config = {
                .fd = (uint32_t) fd,
                .info = {
                        .lo_offset = offset,
                        .lo_sizelimit = size,
                        .lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? (uint32_t) LO_FLAGS_READ_ONLY : 0),
                },
        };
        int r;

        if (control < 0)
                return error_set(error, ERROR_NOT_SUPPORTED, errno, step, "/dev/loop-control",
                                 "%s; images need the kernel's loop devices (modprobe loop)", errno_text(errno));
        r = take_free(control, &config, read_only, ret_path);
        return r < 0 ? error_set_errno(error, r, step, NULL) : r;
}
