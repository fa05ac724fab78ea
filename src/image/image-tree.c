/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "shelter.h"

static const char step[] = "opening the tree";

int tree_open(const char *path, int *ret, Error *error) {
        _cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return errno == ENOENT
                               ? error_set(error, ERROR_NO_SUCH_TREE, ENOENT, step, path, "there is no such directory or image")
                               : error_set_errno(error, negative_errno(), step, path);

        /* An image: what is in it is looked at by who mounts it. */
        if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)) {
                *ret = TAKE_FD(fd);
                return 0;
        }
        if (!S_ISDIR(st.st_mode))
                return error_set(error, ERROR_NOT_A_TREE, ENOTDIR, step, path, "it is neither a directory nor an image");

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

int tree_check_exposure(int tree, const Spec *spec, Error *error) {
        struct stat st;
        int r;

        /* Nobody on the host sees the files of an image. */
        if (fstat(tree, &st) >= 0 && !S_ISDIR(st.st_mode))
                return 0;
        /* Where owners are not mapped, nothing that it writes is the host's root's. */
        if ((spec->ownership == OWNERSHIP_CHOWN || spec->ownership == OWNERSHIP_OFF) &&
            (spec->private_users.mode == USER_NAMESPACE_PICK || spec->private_users.mode == USER_NAMESPACE_FIXED))
                return 0;
        if (spec_has_layer(spec) || spec->read_only || spec->ephemeral || spec->volatile_mode != VOLATILE_NO ||
            spec->allow_exposed_tree)
                return 0;

        r = directory_is_sheltered(tree, /* itself= */ false);
        if (r == 0)
                r = mount_is_defused(tree);
        if (r < 0)
                return error_set_errno(error, r, "checking who can enter the tree", spec->root);
        if (r > 0)
                return 0;

        return error_set(error, ERROR_EXPOSED_TREE, EPERM, "checking who can enter the tree", spec->root,
                         "other users of this host could run set-user-id programs that the machine leaves there; "
                         "chmod 700 a directory above it, or mount it nosuid,nodev, or use --read-only or --ephemeral, "
                         "or take the risk with --allow-exposed-tree");
}
