/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "subvolume.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "fd-util.h"

/* The inode number of every subvolume's root directory (BTRFS_FIRST_FREE_OBJECTID). */
enum { SUBVOLUME_ROOT = 256 };

bool subvolume_is_at(const char *path, uint64_t inode) {
        struct statfs fs;

        return inode == SUBVOLUME_ROOT && statfs(path, &fs) >= 0 && fs.f_type == BTRFS_SUPER_MAGIC;
}

bool subvolume_is(int fd) {
        struct statfs fs;
        struct stat st;

        return fstat(fd, &st) >= 0 && st.st_ino == SUBVOLUME_ROOT && fstatfs(fd, &fs) >= 0 && fs.f_type == BTRFS_SUPER_MAGIC;
}

bool subvolume_is_whole(int fd) {
        _cleanup_free_ struct btrfs_ioctl_get_subvol_rootref_args *below = calloc(1, sizeof(*below));

        return below && subvolume_is(fd) && ioctl(fd, BTRFS_IOC_GET_SUBVOL_ROOTREF, below) >= 0 && below->num_items == 0;
}

bool subvolume_is_read_only(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        uint64_t flags = 0;

        return fd >= 0 && ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) >= 0 && flags & BTRFS_SUBVOL_RDONLY;
}

int subvolume_set_read_only(int fd, bool read_only) {
        uint64_t flags = 0;

        if (ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) < 0)
                return negative_errno();
        flags = read_only ? flags | BTRFS_SUBVOL_RDONLY : flags & ~(uint64_t) BTRFS_SUBVOL_RDONLY;
        return ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, &flags) < 0 ? negative_errno() : 0;
}

int subvolume_destroy(int parent, const char *name) {
        struct btrfs_ioctl_vol_args args = {};

        if (strlen(name) >= sizeof(args.name))
                return -ENAMETOOLONG;
        (void) strcpy(args.name, name);
        return ioctl(parent, BTRFS_IOC_SNAP_DESTROY, &args) < 0 ? negative_errno() : 0;
}

int subvolume_snapshot(int source, int parent, const char *name) {
        struct btrfs_ioctl_vol_args_v2 args = { .fd = source };

        if (strlen(name) >= sizeof(args.name))
                return -ENAMETOOLONG;
        (void) strcpy(args.name, name);
        return ioctl(parent, BTRFS_IOC_SNAP_CREATE_V2, &args) < 0 ? negative_errno() : 0;
}
