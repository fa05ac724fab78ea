/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Programs are compiled when settings change, not when machines start: each is kept under what it was made from. */

#include <fcntl.h>
#include <inttypes.h>

#include "fd-util.h"
#include "file-util.h"
#include "filter-lists.h"
#include "filter-policy.h"
#include "log.h"
#include "string-util.h"
#include "strv.h"

/* The file: this, the key, and the instructions. It is read by the program that wrote it, in the same boot. */
typedef struct FileHeader {
        char magic[8];
        uint32_t key_size;
        uint32_t n;              /* instructions */
        uint64_t hash;           /* of the instructions */
} FileHeader;

static const char magic[8] = "berthBPF";

static uint64_t hash_of(const void *data, size_t size) {
        uint64_t hash = UINT64_C(14695981039346656037);

        for (size_t i = 0; i < size; i++)
                hash = (hash ^ ((const unsigned char *) data)[i]) * UINT64_C(1099511628211);
        return hash;
}

char *filter_policy_key(const FilterPolicy *policy) {
        _cleanup_free_ char *words = strv_join(policy->words, " ");

        if (!words)
                return NULL;
        return str_format("%016" PRIx64 " %016" PRIx64 " %i\n%s\n%s", filter_lists_hash(), policy->capabilities, policy->nesting,
                          words, strempty(policy->profile));
}

/* 0 where DATA is a program for KEY; anything else is as good as none. */
static int take(const char *data, size_t size, const char *key, Filter *ret) {
        const size_t key_size = strlen(key);
        FileHeader header;
        size_t bytes;
        Filter filter;

        if (size < sizeof(header))
                return -EBADMSG;
        memcpy(&header, data, sizeof(header));
        bytes = header.n * sizeof(struct sock_filter);
        if (memcmp(header.magic, magic, sizeof(magic)) != 0 || header.n == 0 || header.n > BPF_MAXINSNS ||
            header.key_size != key_size || size != sizeof(header) + key_size + bytes ||
            memcmp(data + sizeof(header), key, key_size) != 0 || header.hash != hash_of(data + sizeof(header) + key_size, bytes))
                return -EBADMSG;

        filter = (Filter){ .instructions = malloc(bytes), .n = header.n };
        if (!filter.instructions)
                return -ENOMEM;
        memcpy(filter.instructions, data + sizeof(header) + key_size, bytes);
        *ret = filter;
        return 0;
}

static int keep(const char *directory, const char *name, const char *key, const Filter *filter) {
        const size_t key_size = strlen(key), bytes = filter->n * sizeof(struct sock_filter);
        const FileHeader header = {
                .magic = "berthBPF",
                .key_size = (uint32_t) key_size,
                .n = (uint32_t) filter->n,
                .hash = hash_of(filter->instructions, bytes),
        };
        _cleanup_free_ char *data = malloc(sizeof(header) + key_size + bytes);
        _cleanup_close_ int dir = -EBADF;
        int r;

        if (!data)
                return -ENOMEM;
        memcpy(data, &header, sizeof(header));
        memcpy(data + sizeof(header), key, key_size);
        memcpy(data + sizeof(header) + key_size, filter->instructions, bytes);

        r = directory_make(directory, 0700);
        if (r < 0)
                return r;
        dir = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return dir < 0 ? negative_errno() : file_replace_at(dir, name, data, sizeof(header) + key_size + bytes, 0600);
}

int filter_obtain(const FilterPolicy *policy, const char *directory, Filter *ret, Error *error) {
        _cleanup_free_ char *key = NULL, *name = NULL, *path = NULL, *data = NULL;
        size_t size;
        int r;

        *ret = FILTER_NULL;
        if (policy->none)
                return 0;

        key = filter_policy_key(policy);
        name = key ? str_format("%016" PRIx64, str_hash(key)) : NULL;
        path = name ? str_format("%s/%s", directory, name) : NULL;
        if (!path)
                return error_oom(error);

        if (file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &data, &size) >= 0 && take(data, size, key, ret) >= 0)
                return 0;

        r = filter_compile(policy, ret, error);
        if (r < 0)
                return r;
        r = keep(directory, name, key, ret);
        if (r < 0)
                log_debug("keeping the system call filter in %s: %s, ignoring", directory, errno_text(r));
        return 0;
}
