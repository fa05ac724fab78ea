/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "devices.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "fd-util.h"
#include "path-util.h"

static const char step[] = "making the device";

/* An id of the host's node as the machine shall have it: the same number where the machine has that, else root. */
static uint32_t map_id(const Plan *plan, uint32_t id) {
        if (!plan->has_id_map)
                return id;
        return plan->id_map.outside + (id >= plan->id_map.inside && id - plan->id_map.inside < plan->id_map.count ? id : 0);
}

/* The folder that the last part of PATH is in, below DEV; missing ones are made, links are not followed. */
static int open_parent(const Plan *plan, int dev, const char *path, Error *error) {
        _cleanup_close_ int dir = fd_dup(dev);

        if (dir < 0)
                return error_set_errno(error, dir, step, path);

        for (const char *p = path + strlen("/dev/"), *slash; (slash = strchr(p, '/')); p = slash + 1) {
                _cleanup_free_ char *name = strndup(p, (size_t) (slash - p));
                uint32_t owner = plan_root_id(plan);
                int next;

                if (!name)
                        return error_oom(error);
                if (mkdirat(dir, name, 0755) < 0) {
                        if (errno != EEXIST)
                                return error_set_errno(error, negative_errno(), step, path);
                } else if (fchownat(dir, name, owner, owner, AT_SYMLINK_NOFOLLOW) < 0)
                        return error_set_errno(error, negative_errno(), step, path);

                next = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (next < 0)
                        return error_set_errno(error, negative_errno(), step, path);
                (void) fd_close(dir);
                dir = next;
        }
        return TAKE_FD(dir);
}

static int make_device(const Plan *plan, int dev, const Device *d, Error *error) {
        _cleanup_close_ int parent = -EBADF;
        const char *name = path_basename(d->path);
        struct stat st;

        if (stat(d->host, &st) < 0)
                return error_set_errno(error, negative_errno(), step, d->host);
        if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
                return error_set(error, ERROR_INVALID_VALUE, ENODEV, step, d->host, "it is no device");

        parent = open_parent(plan, dev, d->path, error);
        if (parent < 0)
                return parent;
        if (mknodat(parent, name, st.st_mode & (S_IFMT | 0777), st.st_rdev) < 0)
                return errno == EEXIST
                               ? error_set(error, ERROR_INVALID_VALUE, EEXIST, step, d->path, "two devices have this path")
                               : error_set_errno(error, negative_errno(), step, d->path);
        if (fchownat(parent, name, map_id(plan, st.st_uid), map_id(plan, st.st_gid), AT_SYMLINK_NOFOLLOW) < 0)
                return error_set_errno(error, negative_errno(), step, d->path);
        return 0;
}

int devices_make(const Plan *plan, int dev, Error *error) {
        mode_t mask = umask(0);
        int r = 0;

        for (char **text = plan->spec->devices; text && *text && r >= 0; text++) {
                _cleanup_device_ Device d = DEVICE_NULL;

                r = device_parse(*text, &d);
                r = r < 0 ? error_set_errno(error, r, step, *text) : make_device(plan, dev, &d, error);
        }
        (void) umask(mask);
        return r;
}
