/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-mapper.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/dm-ioctl.h>
#include <linux/kdev_t.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "fd-util.h"
#include "string-util.h"

static const char step[] = "making a device that checks what is read";

#define CONTROL "/dev/mapper/control"

/* A request for the device NAME, with ROOM behind it for what belongs to the request. The caller's. */
static struct dm_ioctl *request_new(const char *name, uint32_t flags, size_t room) {
        struct dm_ioctl *request = calloc(1, sizeof(*request) + room);

        if (!request)
                return NULL;
        /* The oldest that has all that is asked for; newer kernels keep to it. */
        request->version[0] = 4;
        request->data_size = (uint32_t) (sizeof(*request) + room);
        request->data_start = sizeof(*request);
        request->flags = flags;
        (void) snprintf(request->name, sizeof(request->name), "%s", name);
        return request;
}

static int command(int control, unsigned long number, const char *name, uint32_t flags, uint64_t *ret_device) {
        _cleanup_free_ struct dm_ioctl *request = request_new(name, flags, 0);

        if (!request)
                return -ENOMEM;
        if (ioctl(control, number, request) < 0)
                return negative_errno();
        if (ret_device)
                *ret_device = request->dev;
        return 0;
}

static int load_table(int control, const char *name, const MappedDevice *device) {
        size_t length = strlen(device->table) + 1;
        _cleanup_free_ struct dm_ioctl *request = NULL;
        struct dm_target_spec *target;

        length = (length + 7) / 8 * 8;
        request = request_new(name, DM_READONLY_FLAG, sizeof(*target) + length);
        if (!request)
                return -ENOMEM;
        request->target_count = 1;
        target = (struct dm_target_spec *) (request + 1);
        target->length = device->sectors;
        target->next = (uint32_t) (sizeof(*target) + length);
        (void) snprintf(target->target_type, sizeof(target->target_type), "%s", device->target);
        (void) memcpy(target + 1, device->table, strlen(device->table) + 1);
        return ioctl(control, DM_TABLE_LOAD, request) < 0 ? negative_errno() : 0;
}

/* devtmpfs makes the node in the moment when the device gets its table, but another thread of the kernel does it. */
static int open_node(uint64_t device, char **ret_path) {
        enum { TRIES = 200 };
        /* The kernel's own coding of device numbers in its interfaces (new_encode_dev). */
        unsigned minor_number = (unsigned) ((device & 0xff) | ((device >> 12) & 0xfff00));
        _cleanup_free_ char *path = str_format("/dev/dm-%u", minor_number);
        int fd;

        if (!path)
                return -ENOMEM;
        for (int i = 0;; i++) {
                fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
                if (fd >= 0 || errno != ENOENT || i >= TRIES)
                        break;
                (void) nanosleep(&(struct timespec){ .tv_nsec = 5 * 1000 * 1000 }, NULL);
        }
        if (fd < 0)
                return negative_errno();
        *ret_path = TAKE_PTR(path);
        return fd;
}

static int load_failed(int r, const MappedDevice *device, const char *object, Error *error) {
        if (r == -EINVAL)
                return error_set(error, ERROR_NOT_SUPPORTED, EINVAL, step, object,
                                 "the kernel has no target '%s', or took it for wrong; its log (dmesg) says which",
                                 device->target);
        if (r == -ENOKEY || r == -EKEYREJECTED || r == -EBADMSG)
                return error_set(error, ERROR_ACCESS_DENIED, -r, step, object, "the signature of the root hash: %s",
                                 errno_text(-r));
        return error_set_errno(error, r, step, object);
}

static int start(int control, const char *name, const MappedDevice *device, const char *object, char **ret_path, Error *error) {
        uint64_t number = 0;
        int fd, r = load_table(control, name, device);

        if (r < 0)
                return load_failed(r, device, object, error);
        /* Without the flag to suspend, it is a resume: the table takes effect. */
        r = command(control, DM_DEV_SUSPEND, name, DM_READONLY_FLAG, &number);
        if (r < 0)
                return error_set_errno(error, r, step, object);
        fd = open_node(number, ret_path);
        return fd < 0 ? error_set_errno(error, fd, step, object) : fd;
}

int device_mapper_open(const MappedDevice *device, const char *object, char **ret_path, Error *error) {
        _cleanup_close_ int control = open(CONTROL, O_RDWR | O_CLOEXEC), fd = -EBADF;
        _cleanup_free_ char *name = NULL;
        uint64_t random;
        int r;

        if (control < 0)
                return error_set(error, ERROR_NOT_SUPPORTED, errno, step, object,
                                 "its root hash is to be checked by the kernel's device-mapper, which there is none of (" CONTROL
                                 ": %s)",
                                 errno_text(errno));
        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
                return error_set_errno(error, negative_errno(), step, object);
        name = str_format("berth-%016" PRIx64, random);
        if (!name)
                return error_oom(error);

        r = command(control, DM_DEV_CREATE, name, DM_READONLY_FLAG, NULL);
        if (r < 0)
                return error_set_errno(error, r, step, object);
        fd = start(control, name, device, object, ret_path, error);
        /* What is open goes with its last user, what failed goes now. */
        r = command(control, DM_DEV_REMOVE, name, fd < 0 ? 0 : DM_DEFERRED_REMOVE, NULL);
        if (fd < 0)
                return fd;
        return r < 0 ? error_set_errno(error, r, step, object) : TAKE_FD(fd);
}
