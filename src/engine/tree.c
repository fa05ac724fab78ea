/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mount.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adopt.h"
#include "bind.h"
#include "fd-util.h"
#include "mount.h"
#include "overlay.h"
#include "path-util.h"
#include "placed-file.h"
#include "string-util.h"
#include "strv.h"

/* An overlay shows one file system, so what is mounted below its layer would be lost on the way anyway. */
static bool is_recursive(const Plan *plan) {
        return plan->tree_mode != TREE_EPHEMERAL && plan->tree_mode != TREE_LAYER && !plan->spec->lower;
}

/* Nodes in a tree are of no use to the machine, which has its own /dev. */
int tree_clone(const Plan *plan, const TreeSource *source, Error *error) {
        int fd, r;

        if (plan->spec->ownership == OWNERSHIP_CHOWN && plan_root_id(plan) != 0) {
                if (source->is_mount || plan->tree_mode != TREE_WRITABLE)
                        return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, "changing the owners of the tree",
                                         plan->spec->root, "PrivateUsersOwnership=chown is for directories that are written to");
                r = adopt_tree(source->tree, plan_root_id(plan), plan->spec->root, error);
                if (r < 0)
                        return r;
        }

        if (!source->is_mount)
                return mount_clone_with(source->tree, "", is_recursive(plan), MOUNT_ATTR_NODEV, error);
        fd = fd_dup(source->tree);
        return fd < 0 ? error_set_errno(error, fd, "keeping the tree", plan->spec->root) : fd;
}

int tree_clone_lower(const TreeSource *source, size_t i, Error *error) {
        return mount_clone_with(source->lowers[i], "", /* recursive= */ false, MOUNT_ATTR_NODEV, error);
}

bool tree_needs_scratch(const Plan *plan) {
        if (placed_files_are_any(plan) || plan->tree_mode == TREE_EPHEMERAL || plan->tree_mode == TREE_LAYER ||
            plan->spec->lower || plan->tree_mode == TREE_USR || plan->spec->pivot_root)
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
static int map_owners(const TreeBuild *build, int mount, Error *error) {
        OwnershipMode mode = build->plan->spec->ownership;

        if (build->userns < 0 || plan_root_id(build->plan) == 0 || mode == OWNERSHIP_CHOWN || mode == OWNERSHIP_OFF)
                return 0;
        return mount_map_ids(mount, build->userns, is_recursive(build->plan), build->plan->spec->root, error);
}

/* Attaches what is to be the root. */
static int place_root(const TreeBuild *build, int mount, char **ret_path, Error *error) {
        _cleanup_free_ char *name = NULL;
        int r;

        if (build->scratch->path) {
                r = scratch_place(build->scratch, mount, &name, error);
                if (r < 0)
                        return r;
                *ret_path = scratch_path(build->scratch, name);
        } else {
                r = mount_attach_path(mount, build->mount_point, error);
                if (r < 0)
                        return r;
                *ret_path = strdup(build->mount_point);
        }
        return *ret_path ? 0 : error_oom(error);
}

/* Where what is written to an overlay goes: to the machine's own layer, or to one that is gone with it; or nowhere. */
static int place_upper(const TreeBuild *build, int mount, const TreePart *part, char **ret_upper, char **ret_work, Error *error) {
        uint32_t owner = plan_root_id(build->plan);
        struct stat st;
        int r;

        if (build->plan->tree_mode == TREE_READ_ONLY)
                return 0;
        if (build->plan->tree_mode == TREE_LAYER) {
                const char *upper = part ? part->upper : build->source->upper, *work = part ? part->work : build->source->work;

                *ret_upper = str_format("%s/%s", build->layer, upper);
                *ret_work = str_format("%s/%s", build->layer, work);
                return *ret_upper && *ret_work ? 0 : error_oom(error);
        }

        /* The layer has the owner and the mode of what it lies over. */
        if (fstat(mount, &st) < 0)
                return error_set_errno(error, negative_errno(), "looking at the tree", build->plan->spec->root);
        r = scratch_make_directory(build->scratch, st.st_mode & 07777, owner, ret_upper, error);
        return r < 0 ? r : scratch_make_directory(build->scratch, 0700, owner, ret_work, error);
}

/* The directories below the tree and the tree itself, as names in the scratch directory. */
static int place_lowers(const TreeBuild *build, int mount, bool whole, char ***ret, Error *error) {
        for (size_t i = 0; i <= (whole ? build->source->n_lowers : 0); i++) {
                bool last = i == (whole ? build->source->n_lowers : 0);
                char *name = NULL;
                int r = last ? 0 : map_owners(build, build->lowers[i], error);

                if (r >= 0)
                        r = scratch_place(build->scratch, last ? mount : build->lowers[i], &name, error);
                if (r >= 0 && strv_consume(ret, name) < 0)
                        r = error_oom(error);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* MOUNT, the tree or a PART of it, as an overlay in the scratch directory. */
static int mount_overlay(const TreeBuild *build, int mount, const TreePart *part, char **ret_path, Error *error) {
        _cleanup_free_ char *upper = NULL, *work = NULL, *merged = NULL;
        _cleanup_strv_free_ char **lowers = NULL;
        Scratch *scratch = build->scratch;
        int r = place_lowers(build, mount, /* whole= */ !part, &lowers, error);

        if (r >= 0)
                r = place_upper(build, mount, part, &upper, &work, error);
        if (r >= 0)
                r = scratch_make_directory(scratch, 0755, 0, &merged, error);
        if (r >= 0)
                r = overlay_mount(
                        scratch, &(Overlay){ .lowers = lowers, .upper = upper, .work = work, .owner = plan_root_id(build->plan) },
                        merged, error);
        if (r < 0)
                return r;

        *ret_path = scratch_path(scratch, merged);
        return *ret_path ? 0 : error_oom(error);
}

/* The other file systems of an image, each as writable as the root is, below ROOT. */
static int attach_part(const TreeBuild *build, const TreePart *part, int root, Error *error) {
        _cleanup_close_ int mount = fd_dup(part->mount), target = -EBADF;
        const PlannedMount place = { .target = part->target };
        int r = mount < 0 ? error_set_errno(error, mount, "keeping", part->target) : map_owners(build, mount, error);

        if (r >= 0 && build->plan->tree_mode == TREE_READ_ONLY)
                r = mount_add_attributes(mount, MOUNT_ATTR_RDONLY, /* recursive= */ false, error);
        if (r >= 0 && (build->plan->tree_mode == TREE_EPHEMERAL || build->plan->tree_mode == TREE_LAYER)) {
                _cleanup_free_ char *path = NULL;

                r = mount_overlay(build, mount, part, &path, error);
                if (r < 0)
                        return r;
                (void) fd_close(mount);
                r = mount = mount_clone(AT_FDCWD, path, /* recursive= */ false, error);
        }
        if (r < 0)
                return r;

        target = bind_open_target(root, &place, /* directory= */ true, plan_root_id(build->plan), error);
        return target < 0 ? target : mount_attach(mount, target, part->target, error);
}

static int attach_parts(const TreeBuild *build, const char *path, Error *error) {
        _cleanup_close_ int root = -EBADF;
        int r = 0;

        if (build->source->n_parts == 0)
                return 0;
        root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
                return error_set_errno(error, negative_errno(), "opening the tree", build->plan->spec->root);
        for (size_t i = 0; i < build->source->n_parts && r >= 0; i++)
                r = attach_part(build, &build->source->parts[i], root, error);
        return r;
}

static int mount_plain(const TreeBuild *build, char **ret_path, Error *error) {
        if (build->source->n_lowers > 0)
                return mount_overlay(build, build->clone, NULL, ret_path, error);
        if (build->plan->tree_mode == TREE_READ_ONLY) {
                int r = mount_add_attributes(build->clone, MOUNT_ATTR_RDONLY, /* recursive= */ true, error);

                if (r < 0)
                        return r;
        }
        return place_root(build, build->clone, ret_path, error);
}

/* The layer is mapped as the tree is, so that on disk its files belong to the ids that the machine knows. */
static int mount_layer(const TreeBuild *build, char **ret_path, Error *error) {
        _cleanup_close_ int layer = fd_dup(build->source->layer);
        _cleanup_free_ char *name = NULL;
        TreeBuild placed = *build;
        int r = layer < 0 ? error_set_errno(error, layer, "keeping the layer", NULL) : map_owners(build, layer, error);

        if (r >= 0)
                r = scratch_place(build->scratch, layer, &name, error);
        if (r < 0)
                return r;
        placed.layer = name;
        r = mount_overlay(&placed, build->clone, NULL, ret_path, error);
        return r < 0 ? r : attach_parts(&placed, *ret_path, error);
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
static int mount_usr(const TreeBuild *build, char **ret_path, Error *error) {
        const char *object = build->plan->spec->root;
        uint32_t owner = plan_root_id(build->plan);
        _cleanup_free_ char *options = str_format("mode=755,uid=%" PRIu32 ",gid=%" PRIu32, owner, owner), *lower = NULL,
                            *lower_path = NULL;
        _cleanup_close_ int mount = -EBADF;
        struct stat st;
        int r;

        if (!options)
                return error_oom(error);
        if (fstatat(build->clone, "bin", &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISDIR(st.st_mode))
                return error_set(error, ERROR_NOT_A_TREE, EINVAL, "showing /usr alone of", object,
                                 "its /bin is no link into /usr, so programs would be missing; use --volatile=overlay");

        mount = mount_new("tmpfs", options, MOUNT_ATTR_NODEV, error);
        if (mount < 0)
                return mount;
        r = scratch_place(build->scratch, build->clone, &lower, error);
        if (r < 0)
                return r;
        lower_path = scratch_path(build->scratch, lower);
        r = lower_path ? attach_parts(build, lower_path, error) : error_oom(error);
        if (r >= 0)
                r = place_root(build, mount, ret_path, error);
        if (r < 0)
                return r;

        if (mkdirat(mount, "usr", 0755) < 0 || fchownat(mount, "usr", owner, owner, AT_SYMLINK_NOFOLLOW) < 0)
                return error_set_errno(error, negative_errno(), "making the mount point", "/usr");
        r = copy_usr_links(build->clone, mount, owner, object, error);
        return r < 0 ? r : attach_usr(build->clone, mount, object, error);
}

/* PivotRoot= */

static int clone_below(int root, const char *path, Error *error) {
        _cleanup_close_ int fd = path_open_in_root(root, path, O_PATH | O_DIRECTORY);

        if (fd < 0)
                return error_set(error, ERROR_NOT_A_TREE, -fd, "opening the new root directory", path, "%s", errno_text(-fd));
        return mount_clone(fd, "", /* recursive= */ true, error);
}

static int pivot(const TreeBuild *build, char **path, Error *error) {
        _cleanup_strv_free_ char **names = NULL;
        _cleanup_close_ int old = open(*path, O_PATH | O_DIRECTORY | O_CLOEXEC), fresh = -EBADF, whole = -EBADF, target = -EBADF;
        _cleanup_free_ char *pivoted = NULL;
        int r = old < 0 ? negative_errno() : mount_setting_split(build->plan->spec->pivot_root, &names);

        if (r < 0)
                return error_set_errno(error, r, "opening the tree", build->plan->spec->root);
        fresh = clone_below(old, names[0], error);
        if (fresh < 0)
                return fresh;
        if (names[1]) {
                whole = mount_clone(old, "", /* recursive= */ true, error);
                if (whole < 0)
                        return whole;
        }

        r = place_root(build, fresh, &pivoted, error);
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

int tree_mount(const TreeBuild *build, char **ret_path, Error *error) {
        _cleanup_free_ char *path = NULL;
        int r = map_owners(build, build->clone, error);

        if (r < 0)
                return r;

        switch (build->plan->tree_mode) {
        case TREE_WRITABLE:
        case TREE_READ_ONLY: r = mount_plain(build, &path, error); break;
        case TREE_EPHEMERAL: r = mount_overlay(build, build->clone, NULL, &path, error); break;
        case TREE_LAYER:     r = mount_layer(build, &path, error); break;
        case TREE_USR:       r = mount_usr(build, &path, error); break;
        }
        if (r >= 0 && build->plan->tree_mode != TREE_USR && build->plan->tree_mode != TREE_LAYER)
                r = attach_parts(build, path, error);
        if (r >= 0 && build->plan->spec->pivot_root)
                r = pivot(build, &path, error);
        if (r < 0)
                return r;

        *ret_path = TAKE_PTR(path);
        return 0;
}
