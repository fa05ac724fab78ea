/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Superblocks of dm-verity: what is taken is within the data and the hashes there are, and what the kernel is told is one line of words. */

#include "fuzz.h"
#include "verity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        enum { DATA_SIZE = 1024 * 1024, HASH_SIZE = 64 * 1024 };
        uint8_t block[VERITY_SUPERBLOCK_SIZE] = {};
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_free_ char *table = NULL;
        VeritySuperblock s;
        unsigned words = 1;

        if (size > 0)
                memcpy(block, data, size < sizeof(block) ? size : sizeof(block));
        if (verity_parse(block, DATA_SIZE, HASH_SIZE, "image", &s, &error) < 0) {
                fuzz_assert(error_is_set(&error));
                return 0;
        }
        fuzz_assert(s.data_blocks > 0 && s.data_blocks * s.data_block_size <= DATA_SIZE && s.salt_size <= sizeof(s.salt));
        fuzz_assert(2 * (uint64_t) s.hash_block_size <= HASH_SIZE);

        table = verity_table(&s, "7:0", "7:1", "00", NULL);
        fuzz_assert(table);
        for (const char *p = table; *p; p++) {
                fuzz_assert(strchr("0123456789abcdefsh:- ", *p));
                words += *p == ' ';
        }
        fuzz_assert(words == 10);
        return 0;
}
