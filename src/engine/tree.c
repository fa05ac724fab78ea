/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mount.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "mount.h"
#include "overlay.h"
#include "path-util.h"
#include "string-util.h"
#include "strv.h"

/* An overlay shows one file system, so what is mounted below its layer would be lost on the way anyway. */
static bool is_recursive(const Plan *plan) {
        return plan->tree_mode != TREE_EPHEMERAL;
}

/* Nodes in a tree are of no use to the machine, which has its own /dev. */
int tree_clone(const Plan *plan, int tree, Error *error) {
        return mount_clone_with(tree, "", is_recursive(plan), MOUNT_ATTR_NODEV, error);
}

bool tree_needs_scratch(const Plan *plan) {
        if (plan->tree_mode == TREE_EPHEMERAL || plan->tree_mode == TREE_USR || plan->spec->pivot_root)
                return true;
        for (size_t i = 0; i < plan->n_mounts; i++) {
                const PlannedMount *m = &plan->mounts[i];

                if (m->kind == MOUNT_OVERLAY || (m->given && m->kind == MOUNT_MASK))
                        return true;
                STRV_FOREACH(source, m->sources)
                        if (!**source)
                                return true;
        }
        return false;
}

/* An identity map shows every owner as it is, so mapping would only cost (and some file systems cannot). */
static int map_owners(const Plan *plan, int clone, int userns, Error *error) {
        if (userns < 0 || plan_root_id(plan) == 0)
                return 0;
        return mount_map_ids(clone, userns, is_recursive(plan), plan->spec->root, error);
}

/* Attaches what is to be the root. */
static int place_root(int mount, const char *mount_point, Scratch *scratch, char **ret_path, Error *error) {
        _cleanup_free_ char *name = NULL;
        int r;

        if (scratch->path) {
                r = scratch_place(scratch, mount, &name, error);
                if (r < 0)
                        return r;
                *ret_path = scratch_path(scratch, name);
        } else {
                r = mount_attach_path(mount, mount_point, error);
                if (r < 0)
                        return r;
                *ret_path = strdup(mount_point);
        }
        return *ret_path ? 0 : error_oom(error);
}

static int mount_plain(const Plan *plan, int clone, const char *mount_point, Scratch *scratch, char **ret_path, Error *error) {
        if (plan->tree_mode == TREE_READ_ONLY) {
                int r = mount_add_attributes(clone, MOUNT_ATTR_RDONLY, /* recursive= */ true, error);

                if (r < 0)
                        return r;
        }
        return place_root(clone, mount_point, scratch, ret_path, error);
}

/* The writable layer has the owner and the mode of the machine's root directory. */
static int mount_overlay(const Plan *plan, int clone, Scratch *scratch, char **ret_path, Error *error) {
        _cleanup_free_ char *lower = NULL, *upper = NULL, *work = NULL, *merged = NULL;
        uint32_t owner = plan_root_id(plan);
        struct stat st;
        int r;

        if (fstat(clone, &st) < 0)
                return error_set_errno(error, negative_errno(), "looking at the tree", plan->spec->root);

        r = scratch_place(scratch, clone, &lower, error);
        if (r >= 0)
                r = scratch_make_directory(scratch, st.st_mode & 07777, owner, &upper, error);
        if (r >= 0)
                r = scratch_make_directory(scratch, 0700, owner, &work, error);
        if (r >= 0)
                r = scratch_make_directory(scratch, 0755, 0, &merged, error);
        if (r >= 0)
                r = overlay_mount(scratch,
                                  &(Overlay){ .lowers = (char *[]){ lower, NULL }, .upper = upper, .work = work, .owner = owner },
                                  merged, error);
        if (r < 0)
                return r;

        *ret_path = scratch_path(scratch, merged);
        return *ret_path ? 0 : error_oom(error);
}

/* The links by which a merged tree has /bin, /lib and so on in /usr (file-hierarchy(7)). */
static int copy_usr_links(int from, int to, uint32_t owner, const char *object, Error *error) {
        int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *stream = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *item;

        if (!stream) {
                r = negative_errno();
                (void) fd_close(fd);
                return error_set_errno(error, r, "reading the tree", object);
        }

        setfsgid(owner);
        setfsuid(owner);
        while (r >= 0 && (item = readdir(stream))) {
                char target[256];
                ssize_t n = item->d_type == DT_LNK ? readlinkat(from, item->d_name, target, sizeof(target) - 1) : -1;

                if (n < 0)
                        continue;
                target[n] = '\0';
                if (!startswith(target, "usr/") && !startswith(target, "/usr/"))
                        continue;
                r = symlinkat(target, to, item->d_name) < 0
                            ? error_set_errno(error, negative_errno(), "making the link", item->d_name)
                            : 0;
        }
        setfsuid(0);
        setfsgid(0);
        (void) closedir(stream);
        return r;
}

static int attach_usr(int tree, int root, const char *object, Error *error) {
        _cleanup_close_ int usr = path_open_in_root(tree, "/usr", O_PATH | O_DIRECTORY), mount = -EBADF, target = -EBADF;

        if (usr < 0)
                return error_set_errno(error, usr, "opening /usr of the tree", object);
        mount = mount_clone_with(usr, "", /* recursive= */ true, MOUNT_ATTR_RDONLY, error);
        if (mount < 0)
                return mount;
        target = openat(root, "usr", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (target < 0)
                return error_set_errno(error, negative_errno(), "opening the mount point", "/usr");
        return mount_attach(mount, target, "/usr", error);
}

/* Volatile=yes: all but /usr begins empty. */
static int mount_usr(const Plan *plan, int clone, Scratch *scratch, char **ret_path, Error *error) {
        uint32_t owner = plan_root_id(plan);
        _cleanup_free_ char *options = str_format("mode=755,uid=%" PRIu32 ",gid=%" PRIu32, owner, owner), *lower = NULL;
        _cleanup_close_ int mount = -EBADF, tree = -EBADF;
        struct stat st;
        int r;

        if (!options)
                return error_oom(error);
        if (fstatat(clone, "bin", &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISDIR(st.st_mode))
                return error_set(error, ERROR_NOT_A_TREE, EINVAL, "showing /usr alone of", plan->spec->root,
                                 "its /bin is no link into /usr, so programs would be missing; use --volatile=overlay");

        mount = mount_new("tmpfs", options, MOUNT_ATTR_NODEV, error);
        if (mount < 0)
                return mount;
        r = scratch_place(scratch, clone, &lower, error);
        if (r >= 0)
                r = place_root(mount, NULL, scratch, ret_path, error);
        if (r < 0)
                return r;

        tree = fd_dup(clone);
        if (tree < 0 || mkdirat(mount, "usr", 0755) < 0 || fchownat(mount, "usr", owner, owner, AT_SYMLINK_NOFOLLOW) < 0)
                return error_set_errno(error, negative_errno(), "making the mount point", "/usr");
        r = copy_usr_links(tree, mount, owner, plan->spec->root, error);
        return r < 0 ? r : attach_usr(tree, mount, plan->spec->root, error);
}

/* PivotRoot= */

static int clone_below(int root, const char *path, Error *error) {
        _cleanup_close_ int fd = path_open_in_root(root, path, O_PATH | O_DIRECTORY);

        if (fd < 0)
                return error_set(error, ERROR_NOT_A_TREE, -fd, "opening the new root directory", path, "%s", errno_text(-fd));
        return mount_clone(fd, "", /* recursive= */ true, error);
}

static int pivot(const Plan *plan, Scratch *scratch, char **path, Error *error) {
        _cleanup_strv_free_ char **names = NULL;
        _cleanup_close_ int old = open(*path, O_PATH | O_DIRECTORY | O_CLOEXEC), fresh = -EBADF, whole = -EBADF, target = -EBADF;
        _cleanup_free_ char *pivoted = NULL;
        int r = old < 0 ? negative_errno() : mount_setting_split(plan->spec->pivot_root, &names);

        if (r < 0)
                return error_set_errno(error, r, "opening the tree", plan->spec->root);
        fresh = clone_below(old, names[0], error);
        if (fresh < 0)
                return fresh;
        if (names[1]) {
                whole = mount_clone(old, "", /* recursive= */ true, error);
                if (whole < 0)
                        return whole;
        }

        r = place_root(fresh, NULL, scratch, &pivoted, error);
        if (r < 0)
                return r;
        if (names[1]) {
                target = path_open_in_root(fresh, names[1], O_PATH | O_DIRECTORY);
                if (target < 0)
                        return error_set_errno(error, target, "opening the place of the old root directory", names[1]);
                r = mount_attach(whole, target, names[1], error);
                if (r < 0)
                        return r;
        }

        free(*path);
        *path = TAKE_PTR(pivoted);
        return 0;
}

int tree_mount(const Plan *plan, int clone, int userns, const char *mount_point, Scratch *scratch, char **ret_path,
               Error *error) {
        _cleanup_free_ char *path = NULL;
        int r = map_owners(plan, clone, userns, error);

        if (r < 0)
                return r;

        switch (plan->tree_mode) {
        case TREE_WRITABLE:
        case TREE_READ_ONLY: r = mount_plain(plan, clone, mount_point, scratch, &path, error); break;
        case TREE_EPHEMERAL: r = mount_overlay(plan, clone, scratch, &path, error); break;
        case TREE_USR:       r = mount_usr(plan, clone, scratch, &path, error); break;
        }
        if (r >= 0 && plan->spec->pivot_root)
                r = pivot(plan, scratch, &path, error);
        if (r < 0)
                return r;

        *ret_path = TAKE_PTR(path);
        return 0;
}
