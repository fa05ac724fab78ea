/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-table.h"

#include <libmount.h>

#include "library.h"

/* What we use of it. */
typedef struct Libmount {
        void *handle;
        typeof(mnt_new_table_from_file) *new_table_from_file;
        typeof(mnt_unref_table) *unref_table;
        typeof(mnt_new_iter) *new_iter;
        typeof(mnt_free_iter) *free_iter;
        typeof(mnt_table_next_fs) *table_next_fs;
        typeof(mnt_fs_get_target) *fs_get_target;
        typeof(mnt_fs_get_fstype) *fs_get_fstype;
} Libmount;

static void libmount_done(Libmount *lib) {
        lib->handle = library_close(lib->handle);
}

static int libmount_load(Libmount *lib) {
        const LibrarySymbol symbols[] = {
                { "mnt_new_table_from_file", (void **) &lib->new_table_from_file },
                { "mnt_unref_table", (void **) &lib->unref_table },
                { "mnt_new_iter", (void **) &lib->new_iter },
                { "mnt_free_iter", (void **) &lib->free_iter },
                { "mnt_table_next_fs", (void **) &lib->table_next_fs },
                { "mnt_fs_get_target", (void **) &lib->fs_get_target },
                { "mnt_fs_get_fstype", (void **) &lib->fs_get_fstype },
        };

        lib->handle = library_open("libmount.so.1", symbols, ELEMENTSOF(symbols));
        return lib->handle ? 0 : -EOPNOTSUPP;
}

static bool is_at_or_below(const char *target, const char *path) {
        const char *rest = startswith(target, path);

        return rest && (!*rest || *rest == '/' || streq(path, "/"));
}

/* The mount that PATH lies in: the last one with the longest target, since later ones cover earlier ones. */
static struct libmnt_fs *find_container(const Libmount *lib, struct libmnt_table *table, const char *path) {
        struct libmnt_iter *iter = lib->new_iter(MNT_ITER_FORWARD);
        struct libmnt_fs *fs, *found = NULL;

        while (iter && lib->table_next_fs(table, iter, &fs) == 0) {
                const char *target = lib->fs_get_target(fs);

                if (target && is_at_or_below(path, target) && (!found || strlen(target) >= strlen(lib->fs_get_target(found))))
                        found = fs;
        }
        lib->free_iter(iter);
        return found;
}

static int visit(const Libmount *lib, struct libmnt_table *table, const char *path, MountVisitor visitor, void *userdata) {
        struct libmnt_iter *iter = lib->new_iter(MNT_ITER_FORWARD);
        struct libmnt_fs *fs = find_container(lib, table, path);
        int r = fs ? visitor(lib->fs_get_target(fs), strempty(lib->fs_get_fstype(fs)), userdata) : 0;

        while (iter && r == 0 && lib->table_next_fs(table, iter, &fs) == 0) {
                const char *target = lib->fs_get_target(fs);

                if (target && !streq(target, path) && is_at_or_below(target, path))
                        r = visitor(target, strempty(lib->fs_get_fstype(fs)), userdata);
        }
        lib->free_iter(iter);
        return r;
}

int mount_table_visit(const char *path, MountVisitor visitor, void *userdata) {
        _cleanup_(libmount_done) Libmount lib = {};
        struct libmnt_table *table;
        int r = libmount_load(&lib);

        if (r < 0)
                return r;

        table = lib.new_table_from_file("/proc/self/mountinfo");
        r = table ? visit(&lib, table, path, visitor, userdata) : -ENOMEM;
        lib.unref_table(table);
        return r;
}
