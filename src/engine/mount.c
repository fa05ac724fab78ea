/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "fd-util.h"
#include "strv.h"

/* The kernel's own words about the last failure of a file system context, if it has any (fsopen(2)). */
static int context_error(int context, int r, const char *type, Error *error) {
        char text[256];
        ssize_t n = read(context, text, sizeof(text) - 1);

        if (r == -ENODEV)
                return error_set(error, ERROR_NOT_SUPPORTED, ENODEV, "making a file system", type,
                                 "this kernel has no such file system");
        if (n <= 2)
                return error_set_errno(error, r, "making a file system", type);

        text[n] = '\0';
        text[strcspn(text, "\n")] = '\0';
        /* Lines begin with "e ", "w " or "i " for error, warning and information. */
        return error_set(error, ERROR_FAILED, -r, "making a file system", type, "%s (%s)", text + 2, errno_text(r));
}

static int set_option(int context, char *option) {
        char *value = strchr(option, '=');
        int r;

        if (value)
                *value++ = '\0';
        r = value ? fsconfig(context, FSCONFIG_SET_STRING, option, value, 0)
                  : fsconfig(context, FSCONFIG_SET_FLAG, option, NULL, 0);
        return r < 0 ? negative_errno() : 0;
}

int mount_new(const char *type, const char *options, uint64_t attributes, Error *error) {
        _cleanup_strv_free_ char **list = NULL;
        _cleanup_close_ int context = fsopen(type, FSOPEN_CLOEXEC);
        int mount, r;

        if (context < 0)
                return context_error(context, negative_errno(), type, error);

        r = options ? strv_split(options, ",", &list) : 0;
        if (r < 0)
                return error_oom(error);
        STRV_FOREACH(option, list) {
                r = set_option(context, *option);
                if (r < 0)
                        return context_error(context, r, type, error);
        }

        /* Only for mountinfo, where it would read "none". */
        (void) fsconfig(context, FSCONFIG_SET_STRING, "source", type, 0);
        if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return context_error(context, negative_errno(), type, error);

        mount = fsmount(context, FSMOUNT_CLOEXEC, (unsigned) attributes);
        return mount < 0 ? context_error(context, negative_errno(), type, error) : mount;
}

int mount_clone(int dirfd, const char *path, bool recursive, Error *error) {
        unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0u) | (*path ? 0u : AT_EMPTY_PATH);
        struct mount_attr attr = { .propagation = MS_PRIVATE };
        _cleanup_close_ int mount = open_tree(dirfd, path, flags);

        if (mount < 0)
                return error_set_errno(error, negative_errno(), "cloning the mount", *path ? path : NULL);
        if (mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u), &attr, sizeof(attr)) < 0)
                return error_set_errno(error, negative_errno(), "making the mount private", *path ? path : NULL);
        return TAKE_FD(mount);
}

int mount_add_attributes(int mount, uint64_t attributes, bool recursive, Error *error) {
        struct mount_attr attr = { .attr_set = attributes };

        if (mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u), &attr, sizeof(attr)) < 0)
                return error_set_errno(error, negative_errno(), "setting mount attributes", NULL);
        return 0;
}

/* For the message only: what people call the file systems that they meet most. */
static const char *file_system_name(int fd, char buffer[static 24]) {
        static const struct {
                long magic;
                const char *name;
        } known[] = {
                { EXT4_SUPER_MAGIC, "ext4" }, { BTRFS_SUPER_MAGIC, "btrfs" },   { XFS_SUPER_MAGIC, "xfs" },
                { TMPFS_MAGIC, "tmpfs" },     { OVERLAYFS_SUPER_MAGIC, "overlay" }, { NFS_SUPER_MAGIC, "nfs" },
                { FUSE_SUPER_MAGIC, "fuse" }, { SQUASHFS_MAGIC, "squashfs" },   { PROC_SUPER_MAGIC, "proc" },
        };
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return "unknown";
        for (size_t i = 0; i < ELEMENTSOF(known); i++)
                if (fs.f_type == known[i].magic)
                        return known[i].name;
        (void) snprintf(buffer, 24, "0x%lx", (unsigned long) fs.f_type);
        return buffer;
}

int mount_map_ids(int mount, int userns, bool recursive, const char *object, Error *error) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t) userns };
        char name[24];

        if (mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u), &attr, sizeof(attr)) >= 0)
                return 0;
        if (errno != EINVAL)
                return error_set_errno(error, negative_errno(), "mapping the owners of", object);

        return error_set(
                error, ERROR_NOT_SUPPORTED, EINVAL, "mapping the owners of", object,
                "its file system (%s%s) cannot be id-mapped by this kernel; keep the tree on ext4, xfs or btrfs, or run it with "
                "--private-users=no or --private-users=identity",
                file_system_name(mount, name), recursive ? ", or one mounted below it" : "");
}

int mount_attach(int mount, int target, const char *object, Error *error) {
        if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                return error_set_errno(error, negative_errno(), "attaching the mount", object);
        return 0;
}
