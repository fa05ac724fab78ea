/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verity.h"

#include <ctype.h>
#include <endian.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device-mapper.h"
#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"

static const char step[] = "checking the image's hashes";

enum { SECTOR_SIZE = 512, BLOCK_LEAST = 512, BLOCK_MOST = 64 * 1024, SIGNATURE_MAX = 64 * 1024 };

/* The hashes that veritysetup(8) writes and that are not broken. */
static const struct {
        const char *name;
        size_t size;
} algorithms[] = {
        { "sha256", 32 },
        { "sha384", 48 },
        { "sha512", 64 },
};

/* The superblock */

/* As it lies on disk, all little endian: the "Verity superblock format" of cryptsetup's documentation. */
typedef struct DiskSuperblock {
        uint8_t signature[8];
        uint32_t version;
        uint32_t hash_type;
        uint8_t uuid[16];
        char algorithm[32];
        uint32_t data_block_size, hash_block_size;
        uint64_t data_blocks;
        uint16_t salt_size;
        uint8_t padding[6];
        uint8_t salt[VERITY_SALT_MAX];
        uint8_t rest[168];
} DiskSuperblock;
static_assert(sizeof(DiskSuperblock) == VERITY_SUPERBLOCK_SIZE, "there is nothing between the fields");

static int refuse(const char *object, const char *reason, Error *error) {
        return error_set(error, ERROR_NOT_A_TREE, EUCLEAN, step, object, "%s", reason);
}

static bool is_block_size(uint32_t size) {
        return size >= BLOCK_LEAST && size <= BLOCK_MOST && (size & (size - 1)) == 0;
}

int verity_parse(const uint8_t bytes[static VERITY_SUPERBLOCK_SIZE], uint64_t data_size, uint64_t hash_size, const char *object,
                 VeritySuperblock *ret, Error *error) {
        DiskSuperblock disk;
        VeritySuperblock s;

        (void) memcpy(&disk, bytes, sizeof(disk));
        if (memcmp(disk.signature, "verity\0\0", sizeof(disk.signature)) != 0)
                return refuse(object, "there is no verity superblock where its hashes should be", error);
        if (le32toh(disk.version) != 1)
                return refuse(object, "its verity superblock is of a version that is not known", error);

        s = (VeritySuperblock){
                .hash_type = le32toh(disk.hash_type),
                .data_block_size = le32toh(disk.data_block_size),
                .hash_block_size = le32toh(disk.hash_block_size),
                .data_blocks = le64toh(disk.data_blocks),
                .salt_size = le16toh(disk.salt_size),
        };
        for (size_t i = 0; i < ELEMENTSOF(algorithms); i++)
                if (strncmp(disk.algorithm, algorithms[i].name, sizeof(disk.algorithm)) == 0) {
                        s.algorithm = algorithms[i].name;
                        s.digest_size = algorithms[i].size;
                }
        if (!s.algorithm)
                return refuse(object, "its verity hashes are of another algorithm than sha256, sha384 or sha512", error);
        if (s.hash_type > 1 || !is_block_size(s.data_block_size) || !is_block_size(s.hash_block_size))
                return refuse(object, "its verity superblock has a block size or hash type that no kernel takes", error);
        if (s.data_blocks == 0 || s.data_blocks > data_size / s.data_block_size)
                return refuse(object, "its verity superblock speaks of more data than there is", error);
        if (hash_size < 2 * (uint64_t) s.hash_block_size)
                return refuse(object, "it has no room for a single verity hash", error);
        if (s.salt_size > VERITY_SALT_MAX)
                return refuse(object, "its verity superblock has too long a salt", error);
        (void) memcpy(s.salt, disk.salt, s.salt_size);
        *ret = s;
        return 0;
}

char *verity_table(const VeritySuperblock *s, const char *data, const char *hashes, const char *root_hash, const char *key) {
        char salt[2 * VERITY_SALT_MAX + 1] = "-";
        /* Behind the superblock, from the next whole block on. */
        uint32_t start = (VERITY_SUPERBLOCK_SIZE + s->hash_block_size - 1) / s->hash_block_size;

        for (size_t i = 0; i < s->salt_size; i++)
                (void) snprintf(salt + 2 * i, 3, "%02x", s->salt[i]);
        return str_format("%" PRIu32 " %s %s %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu32 " %s %s %s%s%s", s->hash_type, data,
                          hashes, s->data_block_size, s->hash_block_size, s->data_blocks, start, s->algorithm, root_hash, salt,
                          key ? " 2 root_hash_sig_key_desc " : "", strempty(key));
}

/* What belongs to an image */

void verity_files_done(VerityFiles *files) {
        free(files->root_hash);
        free(files->signature);
        (void) fd_close(files->hashes);
        *files = VERITY_FILES_NULL;
}

bool verity_root_hash_is_valid(const char *text) {
        size_t n = strlen(text);

        for (size_t i = 0; i < ELEMENTSOF(algorithms); i++)
                if (n == 2 * algorithms[i].size)
                        return strspn(text, "0123456789abcdefABCDEF") == n;
        return false;
}

static char *beside(const char *path, const char *suffix) {
        size_t n = strlen(path);

        if (n > 4 && streq(path + n - 4, ".raw"))
                n -= 4;
        return str_format("%.*s%s", (int) n, path, suffix);
}

/* One line. 1: there is none. */
static int read_root_hash(const char *path, char **ret, Error *error) {
        _cleanup_free_ char *file = beside(path, ".roothash"), *line = NULL;
        int r = file ? file_read_line(AT_FDCWD, file, &line) : -ENOMEM;

        if (r == -ENOENT)
                return 1;
        if (r < 0)
                return error_set_errno(error, r, "reading the root hash", file);
        line[strcspn(line, " \t\r")] = '\0';
        if (!verity_root_hash_is_valid(line))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the root hash", file,
                                 "it is not 64, 96 or 128 hexadecimal digits");
        *ret = TAKE_PTR(line);
        return 0;
}

static int open_hashes(const char *path, const char *given, int *ret, Error *error) {
        _cleanup_free_ char *file = given ? strdup(given) : beside(path, ".verity");
        _cleanup_close_ int fd = file ? open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -EBADF;
        struct stat st;

        if (!file)
                return error_oom(error);
        if (fd < 0 && errno == ENOENT && !given)
                return 0;
        if (fd < 0 || fstat(fd, &st) < 0)
                return error_set_errno(error, negative_errno(), "opening the hashes", file);
        if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "opening the hashes", file,
                                 "it is neither a file nor a block device");
        *ret = TAKE_FD(fd);
        return 0;
}

static int read_signature(const char *path, const char *given, VerityFiles *files, Error *error) {
        _cleanup_free_ char *file = given ? strdup(given) : beside(path, ".roothash.p7s"), *data = NULL;
        int r = file ? file_read_at(AT_FDCWD, file, SIGNATURE_MAX, &data, &files->signature_size) : -ENOMEM;

        if (r == -ENOENT && !given)
                return 0;
        if (r < 0)
                return error_set_errno(error, r, "reading the signature of the root hash", file);
        files->signature = TAKE_PTR(data);
        return 0;
}

int verity_files_find(const char *path, const char *root_hash, const char *hashes, const char *signature, VerityFiles *ret,
                      Error *error) {
        _cleanup_verity_files_ VerityFiles files = VERITY_FILES_NULL;
        int r;

        if (root_hash)
                r = str_replace(&files.root_hash, root_hash) < 0 ? error_oom(error) : 0;
        else
                r = read_root_hash(path, &files.root_hash, error);
        if (r > 0 && (hashes || signature))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, path,
                                 "hashes or a signature are given, but no root hash to check them by; give it with --root-hash=");
        if (r != 0)
                return r < 0 ? r : 0;

        for (char *p = files.root_hash; *p; p++)
                *p = (char) tolower((unsigned char) *p);
        r = open_hashes(path, hashes, &files.hashes, error);
        if (r >= 0)
                r = read_signature(path, signature, &files, error);
        if (r < 0)
                return r;
        *ret = files;
        files = VERITY_FILES_NULL;
        return 0;
}

/* The device */

static int device_facts(int fd, char **ret_number, uint64_t *ret_size) {
        struct stat st;

        if (fstat(fd, &st) < 0 || ioctl(fd, BLKGETSIZE64, ret_size) < 0)
                return negative_errno();
        *ret_number = str_format("%u:%u", major(st.st_rdev), minor(st.st_rdev));
        return *ret_number ? 0 : -ENOMEM;
}

/* The kernel looks for it in the keyrings of who loads the table: ours ends with us, and the machine has none of it. */
static int add_key(const char *description, const VerityFiles *files) {
        return syscall(SYS_add_key, "user", description, files->signature, files->signature_size, KEY_SPEC_THREAD_KEYRING) < 0
                       ? negative_errno()
                       : 0;
}

static int read_superblock(int hashes, uint64_t data_size, uint64_t hash_size, const char *object, VeritySuperblock *ret,
                           Error *error) {
        uint8_t bytes[VERITY_SUPERBLOCK_SIZE];
        ssize_t n = pread(hashes, bytes, sizeof(bytes), 0);

        if (n < 0)
                return error_set_errno(error, negative_errno(), step, object);
        return n < (ssize_t) sizeof(bytes) ? refuse(object, "there is no verity superblock where its hashes should be", error)
                                           : verity_parse(bytes, data_size, hash_size, object, ret, error);
}

int verity_open(int data, int hashes, const VerityFiles *files, const char *object, char **ret_path, Error *error) {
        _cleanup_free_ char *data_number = NULL, *hash_number = NULL, *table = NULL, *key = NULL;
        uint64_t data_size = 0, hash_size = 0;
        VeritySuperblock superblock;
        int r = device_facts(data, &data_number, &data_size);

        if (r >= 0)
                r = device_facts(hashes, &hash_number, &hash_size);
        if (r < 0)
                return error_set_errno(error, r, step, object);
        r = read_superblock(hashes, data_size, hash_size, object, &superblock, error);
        if (r < 0)
                return r;
        if (strlen(files->root_hash) != 2 * superblock.digest_size)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, object,
                                 "its hashes are %s, of which the root hash is none", superblock.algorithm);

        if (files->signature) {
                key = str_format("berth-%s", files->root_hash);
                r = key ? add_key(key, files) : -ENOMEM;
                if (r < 0)
                        return error_set_errno(error, r, "giving the kernel the signature of the root hash", object);
        }
        table = verity_table(&superblock, data_number, hash_number, files->root_hash, key);
        if (!table)
                return error_oom(error);
        return device_mapper_open(&(MappedDevice){ .target = "verity",
                                                   .table = table,
                                                   .sectors = superblock.data_blocks *
                                                              (superblock.data_block_size / SECTOR_SIZE) },
                                  object, ret_path, error);
}
