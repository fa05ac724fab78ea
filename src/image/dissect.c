/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dissect.h"

#include <blkid/blkid.h>
#include <ctype.h>
#include <inttypes.h>

#include "library.h"
#include "string-util.h"

static const char step[] = "looking into the image";

/* libblkid */

#define BLKID_SYMBOLS(X)                                                                                            \
        X(blkid_new_probe) X(blkid_free_probe) X(blkid_probe_set_device) X(blkid_probe_enable_superblocks)         \
        X(blkid_probe_set_superblocks_flags) X(blkid_probe_enable_partitions) X(blkid_probe_set_partitions_flags)  \
        X(blkid_do_safeprobe) X(blkid_probe_lookup_value) X(blkid_probe_get_partitions)                            \
        X(blkid_partlist_numof_partitions) X(blkid_partlist_get_partition) X(blkid_partition_get_start)            \
        X(blkid_partition_get_size) X(blkid_partition_get_type) X(blkid_partition_get_type_string)                 \
        X(blkid_partition_get_flags) X(blkid_partition_get_name) X(blkid_partition_get_uuid)

typedef struct Blkid {
        void *handle;
#define SLOT(name) typeof(name) *name;
        BLKID_SYMBOLS(SLOT)
#undef SLOT
} Blkid;

static void blkid_done(Blkid *lib) {
        lib->handle = library_close(lib->handle);
}

static int blkid_load(Blkid *lib, const char *object, Error *error) {
        const LibrarySymbol symbols[] = {
#define SYMBOL(name) { #name, (void **) &lib->name },
                BLKID_SYMBOLS(SYMBOL)
#undef SYMBOL
        };

        lib->handle = library_open("libblkid.so.1", symbols, ELEMENTSOF(symbols));
        return lib->handle ? 0
                           : error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, step, object,
                                       "libblkid, which finds what is in images, is not installed");
}

/* The tables */

/* discoverable partitions: the types of this machine's architecture, and those of every one. */
#if defined(__x86_64__)
#define TYPE_ROOT "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
#define TYPE_USR "8484680c-9521-48c6-9c11-b0720656f69e"
#define TYPE_ROOT_VERITY "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5"
#define TYPE_USR_VERITY "77ff5f63-e7b6-4633-acf4-1565b864c0e6"
#elif defined(__i386__)
#define TYPE_ROOT "44479540-f297-41b2-9af7-d131d5f0458a"
#define TYPE_USR "75250d76-8cc6-458e-bd66-bd47cc81a812"
#define TYPE_ROOT_VERITY "d13c5d3b-b5d1-422a-b29f-9454fdc89d76"
#define TYPE_USR_VERITY "8f461b0d-14ee-4e81-9aa9-049b6fb97abd"
#elif defined(__aarch64__)
#define TYPE_ROOT "b921b045-1df0-41c3-af44-4c6f280d3fae"
#define TYPE_USR "b0e01050-ee5f-4390-949a-9101b17104e9"
#define TYPE_ROOT_VERITY "df3300ce-d69f-4c92-978c-9bfb0f38d820"
#define TYPE_USR_VERITY "6e11a4e7-fbca-4ded-b9e9-e1a512bb664e"
#elif defined(__riscv) && __riscv_xlen == 64
#define TYPE_ROOT "72ec70a6-cf74-40e6-bd49-4bda08e8f224"
#define TYPE_USR "beaec34b-8442-439b-a40b-984381ed097d"
#define TYPE_ROOT_VERITY "b6ed5582-440b-4209-b8da-5ff7c419ea3d"
#define TYPE_USR_VERITY "8f1056be-9b05-47c4-81d6-be53128e5b54"
#else
#error "the partition types of this architecture are to be added"
#endif

static const struct {
        const char *type;
        PartitionKind kind;
} gpt_types[] = {
        { TYPE_ROOT, PARTITION_ROOT },
        { TYPE_USR, PARTITION_USR },
        { TYPE_ROOT_VERITY, PARTITION_ROOT_VERITY },
        { TYPE_USR_VERITY, PARTITION_USR_VERITY },
        { "933ac7e1-2eb4-4f13-b844-0e14e2aef915", PARTITION_HOME },
        { "3b8f8425-20e0-4f3b-907f-1a25a76f98e8", PARTITION_SRV },
        { "4d21b016-b534-45c2-a9fb-5c16e091fd2d", PARTITION_VAR },
        { "7ec6f557-3bc5-4aca-b293-16ef5df639d1", PARTITION_TMP },
};

#define TYPE_LINUX "0fc63daf-8483-4772-8e79-3d69d8477de4"
#define GPT_FLAG_NO_AUTO (UINT64_C(1) << 63)
#define GPT_FLAG_READ_ONLY (UINT64_C(1) << 60)
#define MBR_TYPE_LINUX 0x83
#define MBR_FLAG_ACTIVE 0x80

const char *partition_mount_point(PartitionKind kind) {
        static const char *const points[_PARTITION_KIND_MAX] = {
                [PARTITION_ROOT] = "/",     [PARTITION_USR] = "/usr", [PARTITION_HOME] = "/home",
                [PARTITION_SRV] = "/srv",   [PARTITION_VAR] = "/var", [PARTITION_TMP] = "/var/tmp",
        };

        return points[kind];
}

void dissection_done(Dissection *dissection) {
        for (size_t i = 0; i < _PARTITION_KIND_MAX; i++) {
                free(dissection->partitions[i].type);
                free(dissection->partitions[i].label);
        }
        *dissection = (Dissection){};
}

/* Probing */

typedef struct Probe {
        const Blkid *lib;
        blkid_probe probe;
} Probe;

static void probe_done(Probe *p) {
        if (p->probe)
                p->lib->blkid_free_probe(p->probe);
}

/* 0: found something, 1: found nothing, or a negative errno. */
static int probe(const Blkid *lib, int fd, uint64_t offset, uint64_t size, bool tables, Probe *ret) {
        Probe p = { .lib = lib, .probe = lib->blkid_new_probe() };
        int r = p.probe ? 0 : -ENOMEM;

        if (r >= 0 && (lib->blkid_probe_set_device(p.probe, fd, (blkid_loff_t) offset, (blkid_loff_t) size) < 0 ||
                       lib->blkid_probe_enable_superblocks(p.probe, 1) < 0 ||
                       lib->blkid_probe_set_superblocks_flags(p.probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE) < 0))
                r = negative_errno();
        if (r >= 0 && tables &&
            (lib->blkid_probe_enable_partitions(p.probe, 1) < 0 ||
             lib->blkid_probe_set_partitions_flags(p.probe, BLKID_PARTS_ENTRY_DETAILS) < 0))
                r = negative_errno();
        if (r >= 0) {
                errno = 0;
                r = lib->blkid_do_safeprobe(p.probe);
                /* -2: more than one thing claims to be there. */
                r = r == -2 ? -EUCLEAN : r < 0 ? (errno > 0 ? -errno : -EIO) : r;
        }
        *ret = p;
        return r;
}

static const char *probe_value(const Probe *p, const char *name) {
        const char *value = NULL;

        return p->lib->blkid_probe_lookup_value(p->probe, name, &value, NULL) >= 0 ? value : NULL;
}

static int keep_partition(Dissection *d, PartitionKind kind, const Partition *found, const char *label) {
        Partition *p = &d->partitions[kind];
        char *copy;

        /* Of several, the newest version by its label, as the specification has it. */
        if (p->found && strverscmp(strempty(label), strempty(p->label)) <= 0)
                return 0;
        copy = strdup(strempty(label));
        if (!copy)
                return -ENOMEM;
        free(p->label);
        *p = *found;
        p->label = copy;
        return 0;
}

static Partition partition_from(const Blkid *lib, blkid_partition part) {
        /* Always in units of 512 bytes, whatever the table's own are. */
        return (Partition){
                .found = true,
                .offset = (uint64_t) lib->blkid_partition_get_start(part) * 512,
                .size = (uint64_t) lib->blkid_partition_get_size(part) * 512,
        };
}

/*
 * With a root hash, root and its hashes are the partitions whose ids it was made into: its first and its last 128 bits
 * (Discoverable Partitions Specification, "Verity").
 */
static bool belongs_to(const char *root_hash, PartitionKind kind, const char *uuid) {
        const char *digits = root_hash;

        if (!root_hash || (kind != PARTITION_ROOT && kind != PARTITION_ROOT_VERITY))
                return true;
        if (kind == PARTITION_ROOT_VERITY)
                digits += strlen(root_hash) - 32;
        for (const char *p = strempty(uuid); *p; p++)
                if (*p != '-' && tolower((unsigned char) *p) != *digits++)
                        return false;
        return uuid;
}

static int read_gpt(const Blkid *lib, blkid_partlist list, const char *object, const char *root_hash, Dissection *d,
                    Error *error) {
        Partition generic = {};
        size_t n_generic = 0;
        int n = lib->blkid_partlist_numof_partitions(list), r = 0;

        for (int i = 0; i < n && r >= 0; i++) {
                blkid_partition part = lib->blkid_partlist_get_partition(list, i);
                const char *type = part ? lib->blkid_partition_get_type_string(part) : NULL;
                uint64_t flags = part ? lib->blkid_partition_get_flags(part) : 0;
                Partition p;

                if (!type || (flags & GPT_FLAG_NO_AUTO))
                        continue;
                p = partition_from(lib, part);
                p.read_only = flags & GPT_FLAG_READ_ONLY;
                for (size_t j = 0; j < ELEMENTSOF(gpt_types) && r >= 0; j++)
                        if (strcasecmp(type, gpt_types[j].type) == 0 &&
                            belongs_to(root_hash, gpt_types[j].kind, lib->blkid_partition_get_uuid(part)))
                                r = keep_partition(d, gpt_types[j].kind, &p, lib->blkid_partition_get_name(part));
                if (strcasecmp(type, TYPE_LINUX) == 0 && n_generic++ == 0)
                        generic = p;
        }
        if (r < 0)
                return error_oom(error);

        if (root_hash && !d->partitions[PARTITION_ROOT].found)
                return error_set(error, ERROR_NOT_A_TREE, ENXIO, step, object, "it has no root partition of this root hash");
        /* An image made by other tools has one partition that is just Linux's. */
        if (!d->partitions[PARTITION_ROOT].found && n_generic == 1)
                d->partitions[PARTITION_ROOT] = generic;
        if (!d->partitions[PARTITION_ROOT].found)
                return error_set(
                        error, ERROR_NOT_A_TREE, ENXIO, step, object,
                        n_generic > 1 ? "it has several Linux partitions, and none says that it is the root of this architecture"
                                      : "it has no root partition of this architecture");
        return 0;
}

static int read_mbr(const Blkid *lib, blkid_partlist list, const char *object, Dissection *d, Error *error) {
        int n = lib->blkid_partlist_numof_partitions(list);
        size_t n_linux = 0, n_active = 0;
        Partition any = {}, active = {};

        for (int i = 0; i < n; i++) {
                blkid_partition part = lib->blkid_partlist_get_partition(list, i);

                if (!part || lib->blkid_partition_get_type(part) != MBR_TYPE_LINUX)
                        continue;
                any = partition_from(lib, part);
                n_linux++;
                if (lib->blkid_partition_get_flags(part) & MBR_FLAG_ACTIVE) {
                        active = any;
                        n_active++;
                }
        }

        if (n_linux != 1 && n_active != 1)
                return error_set(error, ERROR_NOT_A_TREE, ENXIO, step, object,
                                 n_linux == 0 ? "it has no Linux partition"
                                              : "it has several Linux partitions, and not one that is active");
        d->partitions[PARTITION_ROOT] = n_linux == 1 ? any : active;
        return 0;
}

/* What file systems are in the partitions that were found. */
static int read_types(const Blkid *lib, int fd, const char *object, Dissection *d, Error *error) {
        for (PartitionKind kind = 0; kind < _PARTITION_KIND_MAX; kind++) {
                _cleanup_(probe_done) Probe p = {};
                Partition *partition = &d->partitions[kind];
                const char *type;
                int r;

                if (!partition->found || !partition_mount_point(kind))
                        continue;
                if (partition->size == 0)
                        return error_set(error, ERROR_NOT_A_TREE, EUCLEAN, step, object, "a partition in it is empty");
                r = probe(lib, fd, partition->offset, partition->size, /* tables= */ false, &p);
                if (r < 0)
                        return error_set_errno(error, r, step, object);
                type = r == 0 ? probe_value(&p, "TYPE") : NULL;
                partition->type = type ? strdup(type) : NULL;
                if (type && !partition->type)
                        return error_oom(error);
        }
        return 0;
}

static int read_whole(const Probe *p, const char *object, Dissection *d, Error *error) {
        const char *usage = probe_value(p, "USAGE"), *type = probe_value(p, "TYPE");

        if (!usage || !type)
                return error_set(error, ERROR_NOT_A_TREE, ENXIO, step, object,
                                 "there is neither a file system nor a partition table in it");
        if (!streq(usage, "filesystem"))
                return error_set(error, ERROR_NOT_A_TREE, ENXIO, step, object, "%s is in it, and not a file system", type);
        d->partitions[PARTITION_ROOT] = (Partition){ .found = true, .type = strdup(type) };
        return d->partitions[PARTITION_ROOT].type ? 0 : error_oom(error);
}

static int read_image(const Blkid *lib, int fd, const char *object, const char *root_hash, Dissection *d, Error *error) {
        _cleanup_(probe_done) Probe p = {};
        enum { TABLE_GPT, TABLE_MBR, TABLE_UNKNOWN } type;
        const char *table;
        blkid_partlist list;
        int r = probe(lib, fd, 0, 0, /* tables= */ true, &p);

        if (r > 0)
                return error_set(error, ERROR_NOT_A_TREE, ENXIO, step, object,
                                 "there is neither a file system nor a partition table in it");
        if (r == -EUCLEAN)
                return error_set(error, ERROR_NOT_A_TREE, EUCLEAN, step, object, "several things at once claim to be in it");
        if (r < 0)
                return error_set_errno(error, r, step, object);

        table = probe_value(&p, "PTTYPE");
        if (!table || probe_value(&p, "USAGE"))
                return read_whole(&p, object, d, error);

        /* Reading the table takes the values back. */
        type = streq(table, "gpt") ? TABLE_GPT : streq(table, "dos") ? TABLE_MBR : TABLE_UNKNOWN;
        if (type == TABLE_UNKNOWN)
                return error_set(error, ERROR_NOT_A_TREE, ENXIO, step, object,
                                 "its partition table is of type %s; gpt and dos are known", table);
        list = lib->blkid_probe_get_partitions(p.probe);
        if (!list)
                return error_set(error, ERROR_NOT_A_TREE, EUCLEAN, step, object, "its partition table cannot be read");
        r = type == TABLE_GPT ? read_gpt(lib, list, object, root_hash, d, error) : read_mbr(lib, list, object, d, error);
        return r < 0 ? r : read_types(lib, fd, object, d, error);
}

int dissect(int fd, const char *object, const char *root_hash, Dissection *ret, Error *error) {
        _cleanup_dissection_ Dissection d = {};
        _cleanup_(blkid_done) Blkid lib = {};
        int r = blkid_load(&lib, object, error);

        if (r >= 0)
                r = read_image(&lib, fd, object, root_hash, &d, error);
        if (r < 0)
                return r;
        *ret = d;
        d = (Dissection){};
        return 0;
}
