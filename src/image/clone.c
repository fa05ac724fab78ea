/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "clone.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot.h"
#include "tree-copy.h"

static const char step[] = "cloning the tree";

static int already_there(const char *name, Error *error) {
        return error_set(error, ERROR_INVALID_VALUE, EEXIST, step, name, "there is something of this name already");
}

int clone_make(int source, const char *path, int parent, const char *name, Error *error) {
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
                r = S_ISDIR(st.st_mode) ? tree_copy(source, copy.fd, path, error) : tree_copy_file(source, copy.fd, path, error);
        if (r < 0)
                return r;
        r = snapshot_publish(&copy, name);
        if (r == -EEXIST)
                return already_there(name, error);
        return r < 0 ? error_set_errno(error, r, step, name) : 0;
}
