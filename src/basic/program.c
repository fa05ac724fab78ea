/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "program.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fd-util.h"

int program_open(const char *path, Error *error) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, .propagation = MS_PRIVATE };
        _cleanup_close_ int mount = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

        if (mount < 0)
                return error_set_errno(error, negative_errno(), "opening the program", path);
        if (mount_setattr(mount, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
                return error_set_errno(error, negative_errno(), "making the program read-only", path);
        return TAKE_FD(mount);
}

int program_execute(int program, char *const *argv) {
        (void) execveat(program, "", argv, environ, AT_EMPTY_PATH);
        return negative_errno();
}
