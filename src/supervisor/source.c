/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source.h"

#include <fcntl.h>
#include <sys/stat.h>

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
