/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pin.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "path-util.h"
#include "string-util.h"

static const char step[] = "pinning the namespace";

static int check_kind(const char *name, Error *error) {
        NamespaceKind kind;

        if (namespace_kind_from_name(name, &kind) < 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, name,
                                 "there is no such kind; there are user, ipc, uts, net and cgroup");
        if (kind == NAMESPACE_PID)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, name,
                                 "nobody can be in it any more once the machine's process 1 has ended");
        return 0;
}

/* The leader is our child and not reaped, so its number is no other's. */
static int open_namespace(const Supervisor *s, const char *kind, Error *error) {
        _cleanup_free_ char *path = NULL;
        int fd;

        if (!pidref_is_set(&s->leader) || s->exited)
                return error_set(error, ERROR_MACHINE_NOT_RUNNING, ESRCH, step, s->spec->name, "it is not running");
        path = str_format("/proc/%i/ns/%s", s->leader.pid, kind);
        if (!path)
                return error_oom(error);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? error_set_errno(error, negative_errno(), step, kind) : fd;
}

int pin_namespace(Supervisor *s, const char *kind, const char *path, Error *error) {
        _cleanup_close_ int namespace = -EBADF, file = -EBADF;
        char from[FD_PATH_MAX], to[FD_PATH_MAX];
        int r = check_kind(kind, error);

        if (r < 0)
                return r;
        if (!path_is_normalized(path))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, path,
                                 "it takes an absolute path without '.' and '..'");
        namespace = open_namespace(s, kind, error);
        if (namespace < 0)
                return namespace;

        file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
        if (file < 0)
                return error_set_errno(error, negative_errno(), step, path);
        if (mount(fd_path(namespace, from), fd_path(file, to), NULL, MS_BIND, NULL) < 0) {
                r = error_set_errno(error, negative_errno(), step, path);
                (void) unlink(path);
                return r;
        }
        if (streq(kind, "net"))
                s->network_pinned = true;
        return 0;
}
