/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is in a disk image: a file system by itself, or partitions by the Discoverable Partitions Specification
 * (uapi-group.org) in a GPT, or one Linux partition in an MBR. Found with libblkid, which is loaded when it is needed,
 * in the bytes of the image: neither the kernel's partition tables nor udev have a part in it.
 */

#include "error.h"

typedef enum PartitionKind {
        PARTITION_ROOT,
        PARTITION_USR,
        PARTITION_HOME,
        PARTITION_SRV,
        PARTITION_VAR,
        PARTITION_TMP,
        PARTITION_ROOT_VERITY,
        PARTITION_USR_VERITY,
        _PARTITION_KIND_MAX,
} PartitionKind;

typedef struct Partition {
        bool found;
        bool read_only;          /* the table says so */
        uint64_t offset, size;   /* bytes; size 0 is the rest of the image */
        char *type;              /* of the file system in it; NULL where it is none */
        char *label;             /* of the partition */
} Partition;

typedef struct Dissection {
        Partition partitions[_PARTITION_KIND_MAX];
} Dissection;

void dissection_done(Dissection *dissection);
#define _cleanup_dissection_ _cleanup_(dissection_done)

/*
 * Reads the image FD. OBJECT is for the error: ERROR_NOT_A_TREE says what it is instead. ROOT_HASH, of at least 32 lower
 * case digits, says which of several root partitions is meant; NULL: the newest.
 */
int dissect(int fd, const char *object, const char *root_hash, Dissection *ret, Error *error);

/* Where a partition is mounted; NULL for those that are not. */
const char *partition_mount_point(PartitionKind kind);
