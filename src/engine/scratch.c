/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scratch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "mount.h"
#include "string-util.h"

void scratch_done(Scratch *scratch) {
        free(scratch->path);
        *scratch = SCRATCH_NULL;
}

int scratch_attach(Scratch *scratch, const char *path, uint64_t size, Error *error) {
        _cleanup_free_ char *options = size > 0 ? str_format("mode=711,nr_inodes=0,size=%" PRIu64, size)
                                                : strdup("mode=711,nr_inodes=0");
        _cleanup_close_ int mount = -EBADF;
        int r;

        if (!options)
                return error_oom(error);
        mount = mount_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, error);
        if (mount < 0)
                return mount;
        r = mount_attach_path(mount, path, error);
        if (r < 0)
                return r;
        scratch->path = strdup(path);
        return scratch->path ? 0 : error_oom(error);
}

char *scratch_path(const Scratch *scratch, const char *name) {
        return str_format("%s/%s", scratch->path, name);
}

int scratch_make_directory(Scratch *scratch, mode_t mode, uint32_t owner, char **ret, Error *error) {
        _cleanup_free_ char *name = str_format("%u", scratch->n++);
        _cleanup_free_ char *path = name ? scratch_path(scratch, name) : NULL;

        if (!path)
                return error_oom(error);
        if (mkdir(path, 0700) < 0 || chown(path, owner, owner) < 0 || chmod(path, mode) < 0)
                return error_set_errno(error, negative_errno(), "making a directory of the machine's own", NULL);
        *ret = TAKE_PTR(name);
        return 0;
}

int scratch_place(Scratch *scratch, int mount, char **ret, Error *error) {
        _cleanup_free_ char *name = NULL, *path = NULL;
        int r = scratch_make_directory(scratch, 0755, 0, &name, error);

        if (r < 0)
                return r;
        path = scratch_path(scratch, name);
        if (!path)
                return error_oom(error);
        r = mount_attach_path(mount, path, error);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(name);
        return 0;
}
