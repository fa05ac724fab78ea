/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fd-util.h"

static const char step[] = "opening the tree";

int tree_open(const char *path, int *ret, Error *error) {
        _cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct stat st;

        if (fd < 0) {
                switch (errno) {
                case ENOENT:
                        return error_set(error, ERROR_NO_SUCH_TREE, ENOENT, step, path, "there is no such directory");
                case ENOTDIR:
                        return error_set(error, ERROR_NOT_A_TREE, ENOTDIR, step, path, "it is not a directory");
                default:
                        return error_set_errno(error, negative_errno(), step, path);
                }
        }

        /* The one directory that every operating system has, merged or not (file-hierarchy(7)). */
        if (fstatat(fd, "usr", &st, AT_SYMLINK_NOFOLLOW) < 0) {
                if (errno != ENOENT)
                        return error_set_errno(error, negative_errno(), step, path);
                return error_set(error, ERROR_NOT_A_TREE, ENOENT, step, path,
                                 "there is no /usr in it, so it is not the root of an operating system");
        }
        if (!S_ISDIR(st.st_mode))
                return error_set(error, ERROR_NOT_A_TREE, ENOTDIR, step, path, "its /usr is not a directory");

        *ret = TAKE_FD(fd);
        return 0;
}

/* Whether root alone gets past this directory. With an ACL the group bits are its mask, so they tell of those users too. */
static bool directory_is_private(const struct stat *st) {
        return st->st_uid == 0 && !(st->st_mode & (S_IXGRP | S_IXOTH));
}

/*
 * Whether a directory above the tree keeps everybody but root out. Climbs by "..", not by cutting the path,
 * so that symbolic links on the way do not matter. The tree's own mode does not count: the payload can change it.
 */
static int tree_is_sheltered(int tree) {
        _cleanup_close_ int fd = fd_dup(tree);
        struct stat below, st;

        if (fd < 0)
                return fd;
        if (fstat(fd, &below) < 0)
                return negative_errno();

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
                if (directory_is_private(&st))
                        return true;
                below = st;
        }
}

/* Neither set-user-id programs nor device nodes that the payload makes would work for anybody on the host. */
static int tree_is_defused(int tree) {
        struct statvfs fs;

        if (fstatvfs(tree, &fs) < 0)
                return negative_errno();
        return (fs.f_flag & ST_NOSUID) && (fs.f_flag & ST_NODEV);
}

int tree_check_exposure(int tree, const Spec *spec, Error *error) {
        int r;

        if (spec->read_only || spec->ephemeral || spec->allow_exposed_tree)
                return 0;

        r = tree_is_sheltered(tree);
        if (r == 0)
                r = tree_is_defused(tree);
        if (r < 0)
                return error_set_errno(error, r, "checking who can enter the tree", spec->root);
        if (r > 0)
                return 0;

        return error_set(error, ERROR_EXPOSED_TREE, EPERM, "checking who can enter the tree", spec->root,
                         "other users of this host could run set-user-id programs that the machine leaves there; "
                         "chmod 700 a directory above it, or mount it nosuid,nodev, or use --read-only or --ephemeral, "
                         "or take the risk with --allow-exposed-tree");
}
