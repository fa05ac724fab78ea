/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A block of a tar stream (pax(1), "ustar Interchange Format"), for tar-read.c and tar-write.c. */

#include <stdint.h>

enum { TAR_BLOCK = 512 };

typedef struct TarHeader {
        char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8];
        char type;
        char link[100], magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], padding[12];
} TarHeader;
_Static_assert(sizeof(TarHeader) == TAR_BLOCK, "a header is one block");

/* The sum of all bytes, those of the checksum itself counted as blanks. */
static inline unsigned tar_checksum(const TarHeader *h) {
        const unsigned char *p = (const unsigned char *) h;
        unsigned sum = 0;

        for (unsigned i = 0; i < TAR_BLOCK; i++)
                sum += i >= 148 && i < 156 ? ' ' : p[i];
        return sum;
}

static inline uint64_t tar_padded(uint64_t size) {
        return (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}
