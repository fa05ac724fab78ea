/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * The disk that PATH is, or is on: a block device node itself, or the device of the file system behind a file or mount
 * point; of a partition or a device mapper's single device, the whole disk below. -ENODEV where there is none (a tmpfs, an
 * overlay, a network file system, btrfs on several devices).
 */
int block_device_of(const char *path, dev_t *ret);
