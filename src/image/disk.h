/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An image as mounts: each file system in it is attached through a loop device and mounted, detached, by the caller. */

#include "dissect.h"
#include "spec.h"
#include "verity.h"

typedef struct DiskMount {
        const char *target;      /* static: "/" first, then those below it */
        int mount;               /* detached */
} DiskMount;

enum { DISK_MOUNTS_MAX = PARTITION_TMP + 1 };

typedef struct Disk {
        DiskMount mounts[DISK_MOUNTS_MAX];
        size_t n;
} Disk;

void disk_done(Disk *disk);
#define _cleanup_disk_ _cleanup_(disk_done)

/* Whether what FD (O_PATH will do) is open on is an image and no directory. */
bool disk_is_image(int fd);

/*
 * Opens the image IMAGE (O_PATH), checks that nobody else writes to it, and mounts what is in it. With READ_ONLY nothing
 * is written, and others may read it at the same time. VERITY has the root hash that the root is checked by, if any; NULL is
 * none. Devices and mounts go with the mounts' descriptors.
 */
int disk_mount(int image, const char *object, bool read_only, const VerityFiles *verity, Disk *ret, Error *error);
