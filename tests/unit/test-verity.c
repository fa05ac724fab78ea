/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The superblock of dm-verity: what is read, what is refused, and what the kernel is told. */

#include "unit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"
#include "verity.h"

/* As veritysetup(8) writes it: offsets of the fields. */
enum {
        AT_VERSION = 8,
        AT_TYPE = 12,
        AT_ALGORITHM = 32,
        AT_DATA_BLOCK = 64,
        AT_HASH_BLOCK = 68,
        AT_BLOCKS = 72,
        AT_SALT_SIZE = 80,
        AT_SALT = 88
};
enum { DATA_SIZE = 40960, HASH_SIZE = 8192 };

static void put(uint8_t *block, size_t at, uint64_t value, size_t size) {
        for (size_t i = 0; i < size; i++)
                block[at + i] = (uint8_t) (value >> (8 * i));
}

static void make(uint8_t block[static VERITY_SUPERBLOCK_SIZE]) {
        memset(block, 0, VERITY_SUPERBLOCK_SIZE);
        memcpy(block, "verity", 6);
        put(block, AT_VERSION, 1, 4);
        put(block, AT_TYPE, 1, 4);
        memcpy(block + AT_ALGORITHM, "sha256", 6);
        put(block, AT_DATA_BLOCK, 4096, 4);
        put(block, AT_HASH_BLOCK, 4096, 4);
        put(block, AT_BLOCKS, 10, 8);
        put(block, AT_SALT_SIZE, 2, 2);
        block[AT_SALT] = 0xab;
        block[AT_SALT + 1] = 0x01;
}

static void what_is_read_is_told_to_the_kernel(void **state) {
        uint8_t block[VERITY_SUPERBLOCK_SIZE];
        _cleanup_free_ char *table = NULL, *with_key = NULL, *small = NULL;
        VeritySuperblock s;

        make(block);
        assert_int_equal(verity_parse(block, DATA_SIZE, HASH_SIZE, "image", &s, NULL), 0);
        table = verity_table(&s, "7:0", "7:1", "00ff", NULL);
        assert_string_equal(table, "1 7:0 7:1 4096 4096 10 1 sha256 00ff ab01");
        with_key = verity_table(&s, "7:0", "7:1", "00ff", "berth-00ff");
        assert_string_equal(with_key, "1 7:0 7:1 4096 4096 10 1 sha256 00ff ab01 2 root_hash_sig_key_desc berth-00ff");

        put(block, AT_SALT_SIZE, 0, 2);
        put(block, AT_HASH_BLOCK, 512, 4);
        assert_int_equal(verity_parse(block, DATA_SIZE, HASH_SIZE, "image", &s, NULL), 0);
        small = verity_table(&s, "7:0", "7:1", "00ff", NULL);
        assert_string_equal(small, "1 7:0 7:1 4096 512 10 1 sha256 00ff -");
}

static void nothing_is_believed(void **state) {
        static const struct {
                size_t at;
                uint64_t value;
                size_t size;
                const char *reason;
        } changes[] = {
                { 0, 'x', 1, "no verity superblock" },
                { AT_VERSION, 2, 4, "a version" },
                { AT_TYPE, 2, 4, "hash type" },
                { AT_ALGORITHM, 'm', 1, "another algorithm" },
                { AT_ALGORITHM + 6, ' ', 1, "another algorithm" },
                { AT_DATA_BLOCK, 4097, 4, "block size" },
                { AT_DATA_BLOCK, 0, 4, "block size" },
                { AT_DATA_BLOCK, 131072, 4, "block size" },
                { AT_HASH_BLOCK, 256, 4, "block size" },
                { AT_HASH_BLOCK, 8192, 4, "room" },
                { AT_BLOCKS, 11, 8, "more data" },
                { AT_BLOCKS, 0, 8, "more data" },
                { AT_BLOCKS, UINT64_MAX, 8, "more data" },
                { AT_SALT_SIZE, 257, 2, "salt" },
        };

        for (size_t i = 0; i < ELEMENTSOF(changes); i++) {
                uint8_t block[VERITY_SUPERBLOCK_SIZE];
                _cleanup_error_ Error error = ERROR_NULL;
                VeritySuperblock s;

                make(block);
                put(block, changes[i].at, changes[i].value, changes[i].size);
                if (verity_parse(block, DATA_SIZE, HASH_SIZE, "image", &s, &error) >= 0)
                        fail_msg("%zu: %" PRIu64 " is taken", changes[i].at, changes[i].value);
                assert_non_null(strstr(error.reason, changes[i].reason));
        }
}

static void files_beside_an_image(void **state) {
        static const char hash[] = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
        _cleanup_free_ char *folder = strdup("/tmp/berth-verity-XXXXXX"), *image = NULL, *file = NULL, *hashes = NULL;
        _cleanup_verity_files_ VerityFiles none = VERITY_FILES_NULL, found = VERITY_FILES_NULL, given = VERITY_FILES_NULL;
        _cleanup_error_ Error error = ERROR_NULL;

        assert_non_null(mkdtemp(folder));
        image = str_format("%s/image.raw", folder);
        file = str_format("%s/image.roothash", folder);
        hashes = str_format("%s/image.verity", folder);

        assert_int_equal(verity_files_find(image, NULL, NULL, NULL, &none, NULL), 0);
        assert_null(none.root_hash);
        assert_true(verity_files_find(image, NULL, hashes, NULL, &none, NULL) < 0);

        assert_int_equal(file_replace_at(AT_FDCWD, file, hash, sizeof(hash) - 1, 0600), 0);
        assert_int_equal(file_replace_at(AT_FDCWD, hashes, "x", 1, 0600), 0);
        assert_int_equal(verity_files_find(image, NULL, NULL, NULL, &found, NULL), 0);
        assert_int_equal(strcasecmp(found.root_hash, hash), 0);
        assert_null(strpbrk(found.root_hash, "ABCDEF"));
        assert_true(found.hashes >= 0);

        /* What is given counts more than what lies there. */
        assert_int_equal(file_replace_at(AT_FDCWD, file, "nonsense", 8, 0600), 0);
        assert_true(verity_files_find(image, NULL, NULL, NULL, &none, &error) < 0);
        assert_non_null(strstr(error.reason, "hexadecimal"));
        assert_int_equal(verity_files_find(image, hash, NULL, NULL, &given, NULL), 0);

        assert_int_equal(unlink(file), 0);
        assert_int_equal(unlink(hashes), 0);
        assert_int_equal(rmdir(folder), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(what_is_read_is_told_to_the_kernel),
                TEST(nothing_is_believed),
                TEST(files_beside_an_image),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
