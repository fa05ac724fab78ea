/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "fd-util.h"

void source_done(Source *source) {
        disk_done(&source->disk);
}

static int check_root(const Plan *plan, const Disk *disk, Error *error) {
        struct stat st;

        if (fstatat(disk->mounts[0].mount, "usr", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
                return error_set(error, ERROR_NOT_A_TREE, ENOENT, "mounting the image", plan->spec->root,
                                 "there is no /usr in its root file system, so it is not the root of an operating system");
        return 0;
}

int source_open(const Plan *plan, int fd, Source *ret, Error *error) {
        _cleanup_source_ Source source = { .tree = { .tree = fd } };
        static_assert(DISK_MOUNTS_MAX <= TREE_PARTS_MAX + 1, "the tree has room for what an image can have");
        int r;

        if (disk_is_image(fd)) {
                r = disk_mount(fd, plan->spec->root, plan->tree_mode != TREE_WRITABLE, &source.disk, error);
                if (r >= 0)
                        r = check_root(plan, &source.disk, error);
                if (r < 0)
                        return r;
                source.tree.is_mount = true;
                source.tree.tree = source.disk.mounts[0].mount;
                for (size_t i = 1; i < source.disk.n; i++)
                        source.tree.parts[source.tree.n_parts++] = (TreePart){ source.disk.mounts[i].target,
                                                                               source.disk.mounts[i].mount };
        }

        *ret = source;
        source.disk.n = 0;
        return 0;
}
