/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A file system whose every block is checked against one hash when it is read (the kernel's dm-verity), in the format of
 * veritysetup(8): a superblock and a tree of hashes, on a partition or in a file beside the data. The superblock is the
 * image author's word and says only how to read; the root hash, which the caller has, is what is trusted.
 */

#include "error.h"

enum { VERITY_SUPERBLOCK_SIZE = 512, VERITY_SALT_MAX = 256, VERITY_DIGEST_MAX = 64 };

typedef struct VeritySuperblock {
        uint32_t hash_type;
        uint32_t data_block_size, hash_block_size;
        uint64_t data_blocks;
        const char *algorithm;   /* static */
        size_t digest_size;
        uint8_t salt[VERITY_SALT_MAX];
        size_t salt_size;
} VeritySuperblock;

/*
 * Reads a superblock, with nothing in it believed: *ret is within what the kernel takes and DATA_SIZE bytes of data, HASH_SIZE of
 * hashes hold. OBJECT is for the error, ERROR_NOT_A_TREE.
 */
int verity_parse(const uint8_t bytes[static VERITY_SUPERBLOCK_SIZE], uint64_t data_size, uint64_t hash_size, const char *object,
                 VeritySuperblock *ret, Error *error);

/*
 * What device-mapper is told: devices as "MAJOR:MINOR", ROOT_HASH in hexadecimal digits, KEY the description of the key with its
 * signature, or NULL. The caller's, NULL without memory.
 */
char *verity_table(const VeritySuperblock *superblock, const char *data, const char *hashes, const char *root_hash,
                   const char *key);

/* What belongs to an image besides the image. Nothing of it: not checked. */
typedef struct VerityFiles {
        char *root_hash;         /* hexadecimal, NULL without one */
        int hashes;              /* file with superblock and hashes, -EBADF: they are in a partition of the image */
        void *signature;         /* of the root hash, PKCS#7; NULL without one */
        size_t signature_size;
} VerityFiles;

#define VERITY_FILES_NULL (VerityFiles){ .hashes = -EBADF }
void verity_files_done(VerityFiles *files);
#define _cleanup_verity_files_ _cleanup_(verity_files_done)

/* Whether TEXT is a root hash of an algorithm that is known: 64, 96 or 128 hexadecimal digits. */
bool verity_root_hash_is_valid(const char *text);

/*
 * Finds them for the image PATH: what is given (each may be NULL), else by the names that systemd has for files beside an image:
 * IMAGE.roothash, IMAGE.verity, IMAGE.roothash.p7s, with IMAGE without its ".raw". Where there is no root hash, nothing is found.
 */
int verity_files_find(const char *path, const char *root_hash, const char *hashes, const char *signature, VerityFiles *ret,
                      Error *error);

/*
 * A device that shows DATA checked by HASHES (both block devices), which goes with its last user. The descriptor, to be kept until
 * it is mounted, and its path, both the caller's.
 */
int verity_open(int data, int hashes, const VerityFiles *files, const char *object, char **ret_path, Error *error);
