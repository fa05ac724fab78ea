/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shelter.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "fd-util.h"

/* Whether root alone gets past this directory. With an ACL the group bits are its mask, so they tell of those users too. */
static bool is_private(const struct stat *st) {
        return st->st_uid == 0 && !(st->st_mode & (S_IXGRP | S_IXOTH));
}

int directory_is_sheltered(int dir, bool itself) {
        _cleanup_close_ int fd = fd_dup(dir);
        struct stat below, st;

        if (fd < 0)
                return fd;
        if (fstat(fd, &below) < 0)
                return negative_errno();
        if (itself && is_private(&below))
                return true;

        for (;;) {
                int parent = openat(fd, "..", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

                if (parent < 0)
                        return negative_errno();
                (void) fd_close(fd);
                fd = parent;

                if (fstat(fd, &st) < 0)
                        return negative_errno();
                if (st.st_dev == below.st_dev && st.st_ino == below.st_ino)
                        return false;
                if (is_private(&st))
                        return true;
                below = st;
        }
}

int mount_is_defused(int fd) {
        struct statvfs fs;

        if (fstatvfs(fd, &fs) < 0)
                return negative_errno();
        return (fs.f_flag & ST_NOSUID) && (fs.f_flag & ST_NODEV);
}
