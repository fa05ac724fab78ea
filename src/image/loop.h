/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"

/*
 * A loop device for SIZE bytes at OFFSET of the file FD (0: the rest), that the kernel takes apart when its last user
 * closes it (loop(4), LO_FLAGS_AUTOCLEAR). The device holds FD's open file, and with it a lock that was taken on it
 * (flock(2)). The device's descriptor, which is to be kept until it is mounted, and its path, both the caller's.
 */
int loop_attach(int fd, uint64_t offset, uint64_t size, bool read_only, char **ret_path, Error *error);
