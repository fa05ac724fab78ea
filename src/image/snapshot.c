/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "snapshot.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "fd-util.h"
#include "name.h"
#include "path-util.h"
#include "shelter.h"
#include "string-util.h"

static const char step[] = "making a snapshot of the tree";

#define MARK ".berth"

/* The inode number of every subvolume's root directory (BTRFS_FIRST_FREE_OBJECTID). */
enum { SUBVOLUME_ROOT = 256 };

static int destroy(int parent, const char *name) {
        struct btrfs_ioctl_vol_args args = {};

        if (strlen(name) >= sizeof(args.name))
                return -ENAMETOOLONG;
        (void) strcpy(args.name, name);
        return ioctl(parent, BTRFS_IOC_SNAP_DESTROY, &args) < 0 ? negative_errno() : 0;
}

void snapshot_done(Snapshot *snapshot) {
        if (snapshot->fd >= 0)
                (void) destroy(snapshot->parent, snapshot->name);
        (void) fd_close(snapshot->fd);
        (void) fd_close(snapshot->parent);
        free(snapshot->name);
        *snapshot = SNAPSHOT_NULL;
}

/* Whether a snapshot would be all of it: subvolumes in it are left out of one. */
static bool is_whole_subvolume(int tree) {
        _cleanup_close_ int fd = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_free_ struct btrfs_ioctl_get_subvol_rootref_args *below = calloc(1, sizeof(*below));
        struct statfs fs;
        struct stat st;

        return fd >= 0 && below && fstatfs(fd, &fs) >= 0 && fs.f_type == BTRFS_SUPER_MAGIC && fstat(fd, &st) >= 0 &&
               st.st_ino == SUBVOLUME_ROOT && ioctl(fd, BTRFS_IOC_GET_SUBVOL_ROOTREF, below) >= 0 && below->num_items == 0;
}

/* One at a time makes or removes there, so that what is new is locked before anybody can find it unlocked. */
static int lock_parent(int parent) {
        enum { TRIES = 1000 };

        for (int i = 0; i < TRIES; i++) {
                if (flock(parent, LOCK_EX | LOCK_NB) >= 0)
                        return 0;
                if (errno != EWOULDBLOCK)
                        return negative_errno();
                (void) nanosleep(&(struct timespec){ .tv_nsec = 2 * 1000 * 1000 }, NULL);
        }
        return -EBUSY;
}

static void sweep_one(int parent, const char *name) {
        _cleanup_close_ int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) >= 0)
                (void) destroy(parent, name);
}

/* What supervisors left that were killed. */
static void sweep(int parent) {
        int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *stream = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *item;

        if (!stream) {
                (void) fd_close(fd);
                return;
        }
        while ((item = readdir(stream)))
                if (startswith(item->d_name, ".#") && strstr(item->d_name, MARK "-"))
                        sweep_one(parent, item->d_name);
        (void) closedir(stream);
}

static int create(int tree, Snapshot *snapshot) {
        _cleanup_close_ int source = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct btrfs_ioctl_vol_args_v2 args = { .fd = source };
        int r;

        if (source < 0)
                return negative_errno();
        if (strlen(snapshot->name) >= sizeof(args.name))
                return -ENAMETOOLONG;
        (void) strcpy(args.name, snapshot->name);
        if (ioctl(snapshot->parent, BTRFS_IOC_SNAP_CREATE_V2, &args) < 0)
                return negative_errno();

        snapshot->fd = openat(snapshot->parent, snapshot->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (snapshot->fd >= 0 && flock(snapshot->fd, LOCK_EX | LOCK_NB) >= 0)
                return 0;
        r = negative_errno();
        (void) destroy(snapshot->parent, snapshot->name);
        snapshot->fd = fd_close(snapshot->fd);
        return r;
}

static bool is_safe(int parent) {
        return directory_is_sheltered(parent, /* itself= */ true) > 0 || mount_is_defused(parent) > 0;
}

int snapshot_take(int tree, const char *path, Snapshot *ret, Error *error) {
        _cleanup_(snapshot_done) Snapshot snapshot = SNAPSHOT_NULL;
        _cleanup_free_ char *stem = NULL;
        int r;

        if (!is_whole_subvolume(tree))
                return 1;
        /* Where the tree is mounted by itself, ".." of it is not where it lies in its file system: then this fails below (EXDEV). */
        snapshot.parent = openat(tree, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (snapshot.parent < 0 || !is_safe(snapshot.parent))
                return 1;
        stem = str_format(".#%s" MARK, path_basename(path));
        snapshot.name = stem ? name_with_suffix(stem) : NULL;
        if (!snapshot.name)
                return error_oom(error);

        r = lock_parent(snapshot.parent);
        if (r < 0)
                return error_set_errno(error, r, step, path);
        sweep(snapshot.parent);
        r = create(tree, &snapshot);
        (void) flock(snapshot.parent, LOCK_UN);
        if (r == -EXDEV || r == -EROFS || r == -ENOTTY || r == -EPERM)
                return 1;
        if (r < 0)
                return error_set_errno(error, r, step, path);
        *ret = snapshot;
        snapshot = SNAPSHOT_NULL;
        return 0;
}
