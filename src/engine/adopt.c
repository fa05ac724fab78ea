/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "adopt.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"

enum { ID_MASK = 0xffff };

/* What is chowned loses its set-id bits (chown(2)); they are no danger, since the new owner is nobody of the host. */
static int adopt_one(int parent, const char *name, const struct stat *st, uint32_t base) {
        uid_t uid = base + (st->st_uid & ID_MASK);
        gid_t gid = base + (st->st_gid & ID_MASK);

        if (st->st_uid == uid && st->st_gid == gid)
                return 0;
        if (fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH)) < 0)
                return negative_errno();
        if (S_ISREG(st->st_mode) && (st->st_mode & (S_ISUID | S_ISGID)) && fchmodat(parent, name, st->st_mode & 07777, 0) < 0)
                return negative_errno();
        return 0;
}

static int adopt_below(int dir, dev_t device, uint32_t base) {
        int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *stream = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *item;

        if (!stream) {
                r = negative_errno();
                (void) fd_close(fd);
                return r;
        }

        while (r >= 0 && (item = readdir(stream))) {
                _cleanup_close_ int below = -EBADF;
                struct stat st;

                if (streq(item->d_name, ".") || streq(item->d_name, ".."))
                        continue;
                if (fstatat(dirfd(stream), item->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                        r = negative_errno();
                        continue;
                }
                if (st.st_dev != device)
                        continue;
                if (S_ISDIR(st.st_mode)) {
                        below = openat(dirfd(stream), item->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                        r = below < 0 ? negative_errno() : adopt_below(below, device, base);
                }
                if (r >= 0)
                        r = adopt_one(dirfd(stream), item->d_name, &st, base);
        }
        (void) closedir(stream);
        return r;
}

int adopt_tree(int dir, uint32_t base, const char *object, Error *error) {
        struct stat st;
        int r;

        if (fstat(dir, &st) < 0)
                return error_set_errno(error, negative_errno(), "looking at the tree", object);
        if ((st.st_uid & ~(uid_t) ID_MASK) == base && (st.st_gid & ~(gid_t) ID_MASK) == base)
                return 0;

        /* The tree itself comes last: only when all below it is done does it say so. */
        r = adopt_below(dir, st.st_dev, base);
        if (r >= 0)
                r = adopt_one(dir, "", &st, base);
        return r < 0 ? error_set_errno(error, r, "changing the owners of the tree", object) : 0;
}
