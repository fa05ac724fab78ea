/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "clone-tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "image-tree.h"
#include "path-util.h"
#include "snapshot.h"
#include "tree-copy.h"

static const char step[] = "cloning the tree";

static int already_there(const char *name, Error *error) {
        return error_set(error, ERROR_INVALID_VALUE, EEXIST, step, name, "there is something of this name already");
}

int clone_make(int source, const char *path, int parent, const char *name, Progress *progress, Error *error) {
        _cleanup_(snapshot_done) Snapshot copy = SNAPSHOT_NULL;
        struct stat st;
        int r;

        if (fstat(source, &st) < 0)
                return error_set_errno(error, negative_errno(), step, path);
        if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
                return error_set(error, ERROR_NOT_A_TREE, EINVAL, step, path, "it is neither a directory nor an image in a file");
        /* Known before the work begins, and once more at its end. */
        if (faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                return already_there(name, error);

        r = snapshot_begin(source, parent, name, &copy, error);
        if (r > 0)
                r = S_ISDIR(st.st_mode) ? tree_copy(source, copy.fd, path, progress, error)
                                        : tree_copy_file(source, copy.fd, path, progress, error);
        if (r < 0)
                return r;
        r = snapshot_publish(&copy, name);
        if (r == -EEXIST)
                return already_there(name, error);
        return r < 0 ? error_set_errno(error, r, step, name) : 0;
}

void clone_done(Clone *clone) {
        fd_close_many((int[]){ clone->source, clone->parent }, 2);
        *clone = CLONE_NULL;
}

int clone_open(const char *source, const char *target, Clone *ret, Error *error) {
        _cleanup_(clone_done) Clone clone = { .source = -EBADF, .parent = -EBADF, .name = path_basename(target) };
        _cleanup_free_ char *parent = NULL;
        int r;

        if (!path_is_normalized(target) || !*clone.name)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, target,
                                 "a tree is given by an absolute path without '.' and '..'");
        r = tree_open(source, &clone.source, error);
        if (r < 0)
                return r;
        parent = strndup(target, (size_t) (clone.name - target));
        if (!parent)
                return error_oom(error);
        clone.parent = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (clone.parent < 0)
                return error_set_errno(error, negative_errno(), step, parent);
        *ret = clone;
        clone = CLONE_NULL;
        return 0;
}

int template_is_wanted(const Spec *spec, Error *error) {
        if (!spec->template_tree)
                return 0;
        if (spec->ephemeral)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, "Template",
                                 "it does not go with Ephemeral=, which leaves the tree as it is");
        if (access(spec->root, F_OK) >= 0)
                return 0;
        return errno == ENOENT ? 1 : error_set_errno(error, negative_errno(), step, spec->root);
}

int template_make(const Spec *spec, Error *error) {
        _cleanup_(clone_done) Clone clone = CLONE_NULL;
        int r = template_is_wanted(spec, error);

        if (r > 0)
                r = clone_open(spec->template_tree, spec->root, &clone, error);
        return r < 0 || clone.source < 0 ? r
                                         : clone_make(clone.source, spec->template_tree, clone.parent, clone.name, NULL, error);
}
