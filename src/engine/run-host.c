/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run-host.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "mount.h"
#include "path-util.h"
#include "string-util.h"

static int write_file(int dir, const char *name, const char *text, Error *error) {
        _cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
        size_t size = strlen(text);

        if (fd < 0 || write(fd, text, size) != (ssize_t) size)
                return error_set_errno(error, negative_errno(), "writing for the machine", name);
        return 0;
}

/* A copy: a mount of the file would show where on the host it is. A host without one has nothing to say. */
static int write_os_release(int dir, Error *error) {
        static const char *const paths[] = { "/etc/os-release", "/usr/lib/os-release" };

        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                _cleanup_free_ char *text = NULL;

                if (file_read_at(AT_FDCWD, paths[i], FILE_MAX_DEFAULT, &text, NULL) >= 0)
                        return write_file(dir, "os-release", text, error);
        }
        return 0;
}

/* Bound by descriptor: the mount has no path yet. Who may send is seen by each message's sender (SO_PASSCRED). */
static int make_socket(const Plan *plan, int dir, int *ret, Error *error) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        const char *name = path_basename(RUN_HOST_NOTIFY);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char directory[FD_PATH_MAX];
        int yes = 1;

        if (fd < 0)
                return error_set_errno(error, negative_errno(), "making the socket", RUN_HOST_NOTIFY);
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", fd_path(dir, directory), name);
        if (bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 || fchmodat(dir, name, 0666, 0) < 0 ||
            fchownat(dir, name, plan_root_id(plan), plan_root_id(plan), AT_SYMLINK_NOFOLLOW) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) < 0)
                return error_set_errno(error, negative_errno(), "binding the socket", RUN_HOST_NOTIFY);
        *ret = TAKE_FD(fd);
        return 0;
}

/* What could not be made later. */
static int make_mount_points(const Plan *plan, int dir, Error *error) {
        if (mkdirat(dir, path_basename(CREDENTIALS_PATH), 0755) < 0)
                return error_set_errno(error, negative_errno(), "making the mount point", CREDENTIALS_PATH);
        if (plan_has_mount(plan, MOUNT_INCOMING) && mkdirat(dir, path_basename(INCOMING_PATH), 0700) < 0)
                return error_set_errno(error, negative_errno(), "making the mount point", INCOMING_PATH);
        return 0;
}

int run_host_make(const Plan *plan, const PlannedMount *m, int *ret_notify, Error *error) {
        _cleanup_free_ char *options = str_format("%s,uid=%" PRIu32 ",gid=%" PRIu32, m->options, plan_root_id(plan),
                                                  plan_root_id(plan));
        _cleanup_close_ int mount = -EBADF, notify = -EBADF;
        int r;

        if (!options)
                return error_oom(error);
        /* Read-only it is made when all is in it. */
        mount = mount_new("tmpfs", options, 0, error);
        if (mount < 0)
                return mount;

        r = write_os_release(mount, error);
        if (r >= 0)
                r = write_file(mount, "container-manager", "berth\n", error);
        if (r >= 0 && plan->notify_socket)
                r = make_socket(plan, mount, &notify, error);
        if (r >= 0)
                r = make_mount_points(plan, mount, error);
        if (r >= 0)
                r = mount_add_attributes(mount, m->attributes, /* recursive= */ false, error);
        if (r < 0)
                return r;

        *ret_notify = TAKE_FD(notify);
        return TAKE_FD(mount);
}
