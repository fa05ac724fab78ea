/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd-util.h"
#include "mount.h"
#include "prepare.h"
#include "strv.h"

void source_done(Source *source) {
        TreeSource *tree = &source->tree;

        fd_close_many(tree->lowers, tree->n_lowers);
        tree->layer = fd_close(tree->layer);
        free(tree->upper);
        free(tree->work);
        for (size_t i = 0; i < tree->n_parts; i++) {
                free(tree->parts[i].upper);
                free(tree->parts[i].work);
        }
        disk_done(&source->disk);
        source->namespace = fd_close(source->namespace);
}

static int check_root(const Plan *plan, const Disk *disk, Error *error) {
        struct stat st;

        if (fstatat(disk->mounts[0].mount, "usr", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
                return error_set(error, ERROR_NOT_A_TREE, ENOENT, "mounting the image", plan->spec->root,
                                 "there is no /usr in its root file system, so it is not the root of an operating system");
        return 0;
}

static int open_image(const Plan *plan, int fd, Source *source, Error *error) {
        static_assert(DISK_MOUNTS_MAX <= TREE_PARTS_MAX + 1, "the tree has room for what an image can have");
        const Spec *spec = plan->spec;
        _cleanup_verity_files_ VerityFiles verity = VERITY_FILES_NULL;
        int r = verity_files_find(spec->root, spec->root_hash, spec->root_verity, spec->root_hash_signature, &verity, error);

        if (r >= 0)
                r = disk_mount(fd, spec->root, plan->tree_mode != TREE_WRITABLE, &verity, &source->disk, error);
        if (r >= 0)
                r = check_root(plan, &source->disk, error);
        if (r < 0)
                return r;
        source->tree.is_mount = true;
        source->tree.tree = source->disk.mounts[0].mount;
        for (size_t i = 1; i < source->disk.n; i++)
                source->tree.parts[source->tree.n_parts++] = (TreePart){ .target = source->disk.mounts[i].target,
                                                                         .mount = source->disk.mounts[i].mount };
        return 0;
}

static int open_lowers(const Plan *plan, TreeSource *tree, Error *error) {
        STRV_FOREACH(path, plan->spec->lower) {
                int fd = open(*path, O_PATH | O_DIRECTORY | O_CLOEXEC);

                if (fd < 0)
                        return error_set(error, ERROR_NO_SUCH_TREE, errno, "opening the directory below the tree", *path, "%s",
                                         errno_text(errno));
                if (tree->n_lowers >= TREE_LOWERS_MAX) {
                        (void) fd_close(fd);
                        return error_set(error, ERROR_LIMIT_REACHED, E2BIG, "opening the directory below the tree", *path,
                                         "there are too many");
                }
                tree->lowers[tree->n_lowers++] = fd;
        }
        return 0;
}

static int prepare_pair(const Layer *layer, const char *target, int tree, char **ret_upper, char **ret_work, Error *error) {
        int r = layer_prepare(layer, target, tree, error);

        if (r < 0)
                return r;
        *ret_upper = layer_upper_name(target);
        *ret_work = layer_work_name(target);
        return *ret_upper && *ret_work ? 0 : error_oom(error);
}

static int open_layer(const Plan *plan, TreeSource *tree, Error *error) {
        Layer layer = { .fd = -EBADF };
        int r = layer_open(places_default.state, plan->spec, &layer, error);

        if (r >= 0)
                r = prepare_pair(&layer, "/", tree->tree, &tree->upper, &tree->work, error);
        for (size_t i = 0; i < tree->n_parts && r >= 0; i++)
                r = prepare_pair(&layer, tree->parts[i].target, tree->parts[i].mount, &tree->parts[i].upper, &tree->parts[i].work,
                                 error);
        tree->layer_is_disk = layer.is_mount;
        if (r >= 0)
                r = tree->layer = layer.is_mount ? fd_dup(layer.fd) : mount_clone(layer.fd, "", /* recursive= */ false, error);
        (void) fd_close(layer.fd);
        return r < 0 && !error_is_set(error) ? error_set_errno(error, r, "keeping the layer", plan->spec->name) : r < 0 ? r : 0;
}

int source_open(const Plan *plan, int fd, Source *ret, Error *error) {
        _cleanup_source_ Source source = SOURCE_NULL;
        int r = 0;

        source.tree.tree = fd;
        if (disk_is_image(fd))
                r = open_image(plan, fd, &source, error);
        else if (plan->spec->root_hash)
                r = error_set(error, ERROR_INVALID_VALUE, EINVAL, "opening the tree", plan->spec->root,
                              "a root hash is for disk images, and this is a directory");
        if (r >= 0)
                r = open_lowers(plan, &source.tree, error);
        if (r >= 0 && plan->tree_mode == TREE_LAYER)
                r = open_layer(plan, &source.tree, error);
        if (r < 0)
                return r;

        *ret = source;
        source = SOURCE_NULL;
        return 0;
}

/* Lives */

static const char keeping[] = "keeping what the machine is made from";

enum { KEPT_MAX = TREE_PARTS_MAX + 2 };

/* The descriptors of TREE that are mounts of ours. */
static size_t find_mounts(TreeSource *tree, int *ret[static KEPT_MAX]) {
        size_t n = 0;

        if (tree->is_mount)
                ret[n++] = &tree->tree;
        for (size_t i = 0; i < tree->n_parts; i++)
                ret[n++] = &tree->parts[i].mount;
        if (tree->layer >= 0)
                ret[n++] = &tree->layer;
        return n;
}

/* A mount namespace with nothing in it but an empty root, which we are in then: nothing of the host is held by it. */
static int enter_empty_namespace(const char *place, Error *error) {
        struct mount_attr private = { .propagation = MS_PRIVATE };
        _cleanup_close_ int root = -EBADF;
        int r;

        if (unshare(CLONE_NEWNS) < 0 || mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)) < 0)
                return error_set_errno(error, negative_errno(), keeping, "mount namespace");
        root = mount_new("tmpfs", "mode=700,nr_inodes=64", 0, error);
        if (root < 0)
                return root;
        r = mount_attach_path(root, place, error);
        if (r < 0)
                return r;
        /* The old root comes to lie over the new one, and goes (pivot_root(2)). */
        if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
                return error_set_errno(error, negative_errno(), keeping, "root of the mount namespace");
        return 0;
}

static int attach_all(int *const mounts[], size_t n, Error *error) {
        for (size_t i = 0; i < n; i++) {
                char name[2 + 3 * sizeof(i)];
                int r;

                (void) snprintf(name, sizeof(name), "/%zu", i);
                r = mkdir(name, 0700) < 0 ? error_set_errno(error, negative_errno(), keeping, name)
                                          : mount_attach_path(*mounts[i], name, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

int source_keep(Source *source, const char *place, Error *error) {
        /* By this there is a way to our namespaces where there is no /proc. */
        _cleanup_close_ int ours = open("/proc/self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC), host = -EBADF;
        int *mounts[KEPT_MAX], r;
        size_t n = find_mounts(&source->tree, mounts);

        if (n == 0)
                return 0;
        host = ours < 0 ? -EBADF : openat(ours, "mnt", O_RDONLY | O_CLOEXEC);
        if (host < 0)
                return error_set_errno(error, negative_errno(), keeping, "/proc/self/ns/mnt");

        r = enter_empty_namespace(place, error);
        if (r >= 0)
                r = attach_all(mounts, n, error);
        if (r >= 0) {
                source->namespace = openat(ours, "mnt", O_RDONLY | O_CLOEXEC);
                if (source->namespace < 0)
                        r = error_set_errno(error, negative_errno(), keeping, "mount namespace");
        }
        if (setns(host, CLONE_NEWNS) < 0 && r >= 0)
                r = error_set_errno(error, negative_errno(), "returning to the host's mount namespace", NULL);
        return r;
}

int source_for_life(const Source *source, TreeSource *ret, Error *error) {
        _cleanup_close_ int host = -EBADF;
        int *mounts[KEPT_MAX], r = 0;
        size_t n, taken = 0;

        *ret = source->tree;
        if (source->namespace < 0)
                return 0;
        host = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
        /* Mounts can be cloned from within their namespace only. */
        if (host < 0 || setns(source->namespace, CLONE_NEWNS) < 0)
                return error_set_errno(error, negative_errno(), keeping, "mount namespace");

        n = find_mounts(ret, mounts);
        for (; taken < n && r >= 0; taken++) {
                r = mount_clone(*mounts[taken], "", /* recursive= */ false, error);
                *mounts[taken] = r;
        }
        if (setns(host, CLONE_NEWNS) < 0 && r >= 0)
                r = error_set_errno(error, negative_errno(), "returning to the host's mount namespace", NULL);
        for (size_t i = 0; i < taken && r < 0; i++)
                *mounts[i] = fd_close(*mounts[i]);
        return r < 0 ? r : 0;
}

void source_life_done(const Source *source, TreeSource *tree) {
        int *mounts[KEPT_MAX];
        size_t n = source->namespace < 0 ? 0 : find_mounts(tree, mounts);

        for (size_t i = 0; i < n; i++)
                *mounts[i] = fd_close(*mounts[i]);
}
