/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rootfs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "devices.h"
#include "fd-util.h"
#include "mount.h"
#include "path-util.h"
#include "string-util.h"

/* What the loop carries from mount to mount. */
typedef struct Rootfs {
        const Plan *plan;
        int root;                /* O_PATH, borrowed */
        const LeaderMounts *leader;
        int dev;                 /* the attached /dev */
        int devpts;              /* its devpts instance */
        int empty;               /* an empty read-only directory to cover directories with */
        int master;              /* of the terminal */
        uint32_t owner;          /* host id of the machine's root */
} Rootfs;

/* The targets */

/*
 * A missing mount point is made, as the machine's root: on an id-mapped tree the host's root has no id and
 * creating fails with EOVERFLOW.
 */
static int make_target(const Rootfs *rootfs, const char *target, bool directory) {
        const char *name = path_basename(target);
        _cleanup_free_ char *parent = strndup(target, (size_t) (name - target));
        _cleanup_close_ int dir = -EBADF;
        int r = 0;

        if (!parent)
                return -ENOMEM;
        dir = path_open_in_root(rootfs->root, parent, O_PATH | O_DIRECTORY);
        if (dir < 0)
                return dir;

        setfsgid(rootfs->owner);
        setfsuid(rootfs->owner);
        if (directory)
                r = mkdirat(dir, name, 0755) < 0 ? negative_errno() : 0;
        else {
                int fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);

                r = fd < 0 ? negative_errno() : fd_close(fd);
                r = r == -EBADF ? 0 : r;
        }
        setfsuid(0);
        setfsgid(0);
        return r == -EEXIST ? 0 : r;
}

static int open_target(const Rootfs *rootfs, const char *target, bool directory, Error *error) {
        int fd = path_open_in_root(rootfs->root, target, O_PATH), r;

        if (fd != -ENOENT)
                return fd < 0 ? error_set_errno(error, fd, "opening the mount point", target) : fd;

        r = make_target(rootfs, target, directory);
        if (r == -EROFS)
                return error_set(error, ERROR_NOT_A_TREE, EROFS, "making the mount point", target,
                                 "the tree is read-only and has no such directory");
        if (r >= 0)
                fd = r = path_open_in_root(rootfs->root, target, O_PATH);
        return r < 0 ? error_set_errno(error, r, "making the mount point", target) : fd;
}

/* The kinds: each makes one detached mount, or gives -ENOENT where there is nothing to do. */

/* OPTIONS and the owner that the root of a file system made by the host is to have. */
static char *with_owner(const Rootfs *rootfs, const char *options) {
        return str_format("%s,uid=%" PRIu32 ",gid=%" PRIu32, options, rootfs->owner, rootfs->owner);
}

static int make_tmpfs(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        _cleanup_free_ char *options = with_owner(rootfs, m->options);

        if (!options)
                return error_oom(error);
        return mount_new("tmpfs", options, m->attributes, error);
}

/* Nodes are made by the host's root on a tmpfs of its own: the leader may not, in a user namespace (EPERM). */
static int make_nodes(const Rootfs *rootfs, int dev, Error *error) {
        mode_t mask = umask(0);
        int r = 0;

        for (const PlannedNode *n = rootfs->plan->nodes; n->name && r >= 0; n++)
                if (mknodat(dev, n->name, S_IFCHR | 0666, makedev(n->major, n->minor)) < 0 ||
                    fchownat(dev, n->name, rootfs->owner, rootfs->owner, AT_SYMLINK_NOFOLLOW) < 0)
                        r = error_set_errno(error, negative_errno(), "making the device node", n->name);

        for (const PlannedLink *l = rootfs->plan->links; l->name && r >= 0; l++)
                if (symlinkat(l->target, dev, l->name) < 0 ||
                    fchownat(dev, l->name, rootfs->owner, rootfs->owner, AT_SYMLINK_NOFOLLOW) < 0)
                        r = error_set_errno(error, negative_errno(), "making the link", l->name);

        umask(mask);
        return r;
}

static int make_dev(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        _cleanup_close_ int dev = make_tmpfs(rootfs, m, error);
        int r;

        if (dev < 0)
                return dev;
        r = make_nodes(rootfs, dev, error);
        if (r >= 0)
                r = devices_make(rootfs->plan, dev, error);
        if (r < 0)
                return r;

        rootfs->dev = fd_dup(dev);
        if (rootfs->dev < 0)
                return error_set_errno(error, rootfs->dev, "keeping", m->target);
        return TAKE_FD(dev);
}

/* Group 5 is tty in every distribution that systemd runs on; nspawn gives terminals the same. */
static int make_devpts(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        enum { GROUP_TTY = 5 };
        _cleanup_free_ char *options = str_format("%s,uid=%" PRIu32 ",gid=%" PRIu32, m->options, rootfs->owner,
                                                  rootfs->owner + GROUP_TTY);
        _cleanup_close_ int devpts = -EBADF;

        if (!options)
                return error_oom(error);
        devpts = mount_new("devpts", options, m->attributes, error);
        if (devpts < 0)
                return devpts;

        rootfs->devpts = fd_dup(devpts);
        if (rootfs->devpts < 0)
                return error_set_errno(error, rootfs->devpts, "keeping", m->target);
        return TAKE_FD(devpts);
}

/* The terminal is one of the machine's own devpts, so that ttyname() and job control work inside. */
static int make_console(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        _cleanup_close_ int master = openat(rootfs->devpts, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), mount = -EBADF;
        char name[3 * sizeof(int)];
        int number, unlocked = 0, r;

        if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0 || ioctl(master, TIOCGPTN, &number) < 0)
                return error_set_errno(error, negative_errno(), "opening the terminal of", m->target);

        (void) snprintf(name, sizeof(name), "%i", number);
        mount = mount_clone(rootfs->devpts, name, /* recursive= */ false, error);
        if (mount < 0)
                return mount;
        r = mount_add_attributes(mount, m->attributes, /* recursive= */ false, error);
        if (r < 0)
                return r;

        rootfs->master = TAKE_FD(master);
        return TAKE_FD(mount);
}

static int take_leader_mount(int mount, const PlannedMount *m, Error *error) {
        int fd = fd_dup(mount);

        return fd < 0 ? error_set_errno(error, fd, "taking the leader's", m->target) : fd;
}

static int make_host_sys(const PlannedMount *m, Error *error) {
        _cleanup_close_ int mount = mount_clone(AT_FDCWD, "/sys", /* recursive= */ false, error);
        int r;

        if (mount < 0)
                return mount;
        r = mount_add_attributes(mount, m->attributes, /* recursive= */ false, error);
        return r < 0 ? r : TAKE_FD(mount);
}

/* A copy of what is there, with attributes; what is not there needs no protection. */
static int make_read_only(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        _cleanup_close_ int there = path_open_in_root(rootfs->root, m->target, O_PATH), mount = -EBADF;
        int r;

        if (there < 0)
                return there == -ENOENT ? there : error_set_errno(error, there, "opening", m->target);
        mount = mount_clone(there, "", /* recursive= */ true, error);
        if (mount < 0)
                return mount;
        r = mount_add_attributes(mount, m->attributes, /* recursive= */ true, error);
        return r < 0 ? r : TAKE_FD(mount);
}

/* The first is attached as it is; later ones are copies of it, since before Linux 6.15 nothing detached can be cloned. */
static int make_empty(Rootfs *rootfs, Error *error) {
        _cleanup_close_ int mount = mount_new("tmpfs", "mode=0,size=0,nr_inodes=1",
                                              MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                                              error);

        if (mount < 0)
                return mount;
        rootfs->empty = fd_dup(mount);
        return rootfs->empty < 0 ? error_set_errno(error, rootfs->empty, "keeping a mount", NULL) : TAKE_FD(mount);
}

/*
 * The cover is the machine's own: the host's /dev/null would put the host's devtmpfs into mountinfo, and
 * an inode of the host within reach.
 */
static int make_mask(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        _cleanup_close_ int there = path_open_in_root(rootfs->root, m->target, O_PATH);
        struct stat st;

        if (there < 0)
                return there == -ENOENT ? there : error_set_errno(error, there, "opening", m->target);
        if (fstat(there, &st) < 0)
                return error_set_errno(error, negative_errno(), "looking at", m->target);
        if (!S_ISDIR(st.st_mode))
                return mount_clone(rootfs->dev, "null", /* recursive= */ false, error);

        return rootfs->empty < 0 ? make_empty(rootfs, error) : mount_clone(rootfs->empty, "", /* recursive= */ false, error);
}

static int make_mount(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        switch (m->kind) {
        case MOUNT_TMPFS:     return make_tmpfs(rootfs, m, error);
        case MOUNT_DEV:       return make_dev(rootfs, m, error);
        case MOUNT_DEVPTS:    return make_devpts(rootfs, m, error);
        case MOUNT_CONSOLE:   return make_console(rootfs, m, error);
        case MOUNT_PROC:      return take_leader_mount(rootfs->leader->proc, m, error);
        case MOUNT_SYSFS:     return take_leader_mount(rootfs->leader->sysfs, m, error);
        case MOUNT_MQUEUE:    return take_leader_mount(rootfs->leader->mqueue, m, error);
        case MOUNT_HOST_SYS:  return make_host_sys(m, error);
        case MOUNT_READ_ONLY: return make_read_only(rootfs, m, error);
        case MOUNT_MASK:      return make_mask(rootfs, m, error);
        case MOUNT_CGROUP:    return -ENOENT; /* the leader's: see leader.c */
        case _MOUNT_KIND_MAX: break;
        }
        return error_set(error, ERROR_FAILED, EINVAL, "making a mount of an unknown kind for", m->target, NULL);
}

static int attach_mount(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        _cleanup_close_ int mount = make_mount(rootfs, m, error), target = -EBADF;

        if (mount == -ENOENT && !error_is_set(error))
                return 0;
        if (mount < 0)
                return mount;

        target = open_target(rootfs, m->target, /* directory= */ m->kind != MOUNT_CONSOLE, error);
        if (target < 0)
                return target;
        return mount_attach(mount, target, m->target, error);
}

int rootfs_mount(const Plan *plan, int root, const LeaderMounts *leader, int *ret_master, Error *error) {
        Rootfs rootfs = {
                .plan = plan,
                .root = root,
                .leader = leader,
                .dev = -EBADF,
                .devpts = -EBADF,
                .empty = -EBADF,
                .master = -EBADF,
                .owner = plan_root_id(plan),
        };
        int r = 0;

        for (size_t i = 0; i < plan->n_mounts && r >= 0; i++)
                r = attach_mount(&rootfs, &plan->mounts[i], error);

        (void) fd_close(rootfs.dev);
        (void) fd_close(rootfs.devpts);
        (void) fd_close(rootfs.empty);
        if (r < 0) {
                (void) fd_close(rootfs.master);
                return r;
        }

        *ret_master = rootfs.master;
        return 0;
}
