/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The kernel's device-mapper by its own interface (linux/dm-ioctl.h), as far as a read-only device of one target takes it. */

#include "error.h"

typedef struct MappedDevice {
        const char *target;      /* its kind: "verity" */
        const char *table;       /* its parameters */
        uint64_t sectors;        /* of 512 bytes */
} MappedDevice;

/*
 * Makes the device under a name of its own, and has the kernel remove it when its last user closes it. The descriptor and
 * its path, both the caller's; ERROR_NOT_SUPPORTED where the kernel has no device-mapper or not this target.
 */
int device_mapper_open(const MappedDevice *device, const char *object, char **ret_path, Error *error);
