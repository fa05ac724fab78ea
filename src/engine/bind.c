/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bind.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fd-util.h"
#include "mount.h"
#include "path-util.h"
#include "string-util.h"
#include "userns.h"

/* Owners */

/* A map of one pair: DISK is shown as SHOWN, both ids of the host. */
static int map_one(const struct stat *disk, uint32_t shown_uid, uint32_t shown_gid, Error *error) {
        _cleanup_free_ char *uids = str_format("%" PRIu32 " %" PRIu32 " 1\n", disk->st_uid, shown_uid);
        _cleanup_free_ char *gids = str_format("%" PRIu32 " %" PRIu32 " 1\n", disk->st_gid, shown_gid);

        return uids && gids ? userns_new(uids, gids, error) : error_oom(error);
}

/* The user namespace whose map M's owners need: the caller's, or -EBADF without an error where none has to be mapped. */
static int owners_userns(const PlannedMount *m, int mount, int target, const BindIds *ids, Error *error) {
        struct stat source, place;

        switch (m->owners) {
        case MOUNT_OWNERS_HOST:
                return -EBADF;
        case MOUNT_OWNERS_MACHINE:
                return ids->root == 0 ? -EBADF : fd_dup(ids->userns);
        case MOUNT_OWNERS_ROOT:
        case MOUNT_OWNERS_TARGET:
                if (fstat(mount, &source) < 0 || fstat(target, &place) < 0)
                        return error_set_errno(error, negative_errno(), "looking at the owner for", m->target);
                return m->owners == MOUNT_OWNERS_ROOT ? map_one(&source, ids->root, ids->root, error)
                                                      : map_one(&source, place.st_uid, place.st_gid, error);
        }
        return -EBADF;
}

static int map_owners(const PlannedMount *m, int mount, int target, const BindIds *ids, Error *error) {
        static const char step[] = "mapping the owners of what is bound to";
        _cleanup_close_ int userns = owners_userns(m, mount, target, ids, error);
        int r;

        if (userns < 0)
                return error_is_set(error) ? userns : 0;

        r = mount_set_id_map(mount, userns, m->recursive);
        if (r == -EINVAL)
                return error_set(error, ERROR_NOT_SUPPORTED, EINVAL, step, m->target,
                                 "a file system in it cannot be id-mapped by this kernel; use noidmap, or norbind where it is "
                                 "mounted below, or keep it on ext4, xfs or btrfs");
        if (r == -EPERM)
                return error_set(error, ERROR_NOT_SUPPORTED, EPERM, step, m->target,
                                 "it is id-mapped on the host already; use noidmap");
        return r < 0 ? error_set_errno(error, r, step, m->target) : 0;
}

int bind_prepare(const PlannedMount *m, int mount, int target, const BindIds *ids, Error *error) {
        int r = mount_add_attributes(mount, m->attributes, m->recursive, error);

        return r < 0 ? r : map_owners(m, mount, target, ids, error);
}

int bind_attach(const PlannedMount *m, int mount, int target, Error *error) {
        struct stat what, where;

        if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) >= 0)
                return 0;
        /* For that, and for much else. */
        if (errno == EINVAL && fstat(mount, &what) >= 0 && fstat(target, &where) >= 0 &&
            S_ISDIR(what.st_mode) != S_ISDIR(where.st_mode))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "attaching the mount", m->target,
                                 "a directory can only be shown over a directory, and a file over a file");
        return error_set_errno(error, negative_errno(), "attaching the mount", m->target);
}

/* Targets */

/* One missing part of a target, as the machine's root: on an id-mapped tree the host's root has no id (EOVERFLOW). */
static int make_part(int parent, const char *name, bool directory, uint32_t owner) {
        int r = 0;

        setfsgid(owner);
        setfsuid(owner);
        if (directory)
                r = mkdirat(parent, name, 0755) < 0 ? negative_errno() : 0;
        else {
                int fd = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);

                if (fd < 0)
                        r = negative_errno();
                else
                        (void) fd_close(fd);
        }
        setfsuid(0);
        setfsgid(0);
        return r == -EEXIST ? 0 : r;
}

/* Where the dangling link NAME in PARENT, the part of TARGET up to END, leads with what is behind it: the caller's. */
static char *follow_link(int parent, const char *name, const char *target, const char *end) {
        char link[PATH_MAX];
        ssize_t n = readlinkat(parent, name, link, sizeof(link) - 1);
        size_t folder = (size_t) (end - target) - strlen(name);

        if (n < 0)
                return NULL;
        link[n] = '\0';
        return link[0] == '/' ? str_format("%s%s", link, end) : str_format("%.*s%s%s", (int) folder, target, link, end);
}

/* Each part is looked up from the root anew, so that links lead where they would lead the machine. */
static int make_target(int root, const char *target, bool directory, uint32_t owner, int links) {
        _cleanup_close_ int parent = fd_dup(root);
        const char *p = target;

        while (parent >= 0) {
                size_t n = strcspn(p + 1, "/");
                bool last = p[1 + n] == '\0';
                _cleanup_free_ char *name = strndup(p + 1, n), *path = strndup(target, (size_t) (p - target) + 1 + n);
                int there, r;

                if (!name || !path)
                        return -ENOMEM;
                there = path_open_in_root(root, path, O_PATH);
                if (there == -ENOENT) {
                        r = make_part(parent, name, !last || directory, owner);
                        if (r < 0)
                                return r;
                        there = path_open_in_root(root, path, O_PATH);
                }
                if (there == -ENOENT && links > 0) {
                        _cleanup_free_ char *further = follow_link(parent, name, target, p + 1 + n);

                        return further ? make_target(root, further, directory, owner, links - 1) : there;
                }
                if (there < 0)
                        return there;
                (void) fd_close(parent);
                parent = there;
                if (last)
                        return TAKE_FD(parent);
                p += 1 + n;
        }
        return parent;
}

static bool is_kernels(int fd) {
        struct statfs fs;

        return fstatfs(fd, &fs) < 0 || fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC ||
               fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC;
}

int bind_open_target(int root, const PlannedMount *m, bool directory, uint32_t owner, Error *error) {
        enum { LINKS_MAX = 8 };
        static const char step[] = "making the mount point";
        _cleanup_close_ int fd = path_open_in_root(root, m->target, O_PATH);

        if (fd == -ENOENT)
                fd = make_target(root, m->target, directory, owner, LINKS_MAX);
        if (fd == -EROFS)
                return error_set(error, ERROR_NOT_A_TREE, EROFS, step, m->target,
                                 "the tree is read-only and has no such file or directory");
        if (fd < 0)
                return error_set_errno(error, fd, step, m->target);

        if (m->given && is_kernels(fd) && !startswith(m->target, "/proc/") && !startswith(m->target, "/sys/"))
                return error_set(error, ERROR_NOT_A_TREE, ELOOP, step, m->target,
                                 "a link in the tree leads from there into the kernel's own files");
        return TAKE_FD(fd);
}
