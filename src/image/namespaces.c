/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "namespaces.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "fd-util.h"
#include "pidref.h"
#include "state.h"

static const char step[] = "joining the namespace of";

static int read_state(int machines, const char *name, State *ret) {
        _cleanup_close_ int dir = openat(machines, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return dir < 0 ? negative_errno() : state_read_at(dir, "state.json", ret);
}

/* The leader, if it still is the process that the registry tells of. */
static int open_leader(int machines, const char *name, State *ret, Error *error) {
        _cleanup_state_ State state = STATE_NULL;
        _cleanup_pidref_ PidRef leader = PIDREF_NULL;
        int r = read_state(machines, name, &state);

        if (r == -ENOENT)
                return error_set(error, ERROR_NO_SUCH_MACHINE, ENOENT, step, name, "no machine of this name is running");
        if (r < 0)
                return error_set_errno(error, r, step, name);
        r = state.state == MACHINE_RUNNING ? pidref_reopen(state.leader.pid, state.leader.inode, state.leader.start_time, &leader)
                                           : -ESRCH;
        if (r < 0)
                return error_set(error, ERROR_MACHINE_NOT_RUNNING, -r, step, name, "it is not running");

        *ret = state;
        state = STATE_NULL;
        return TAKE_FD(leader.fd);
}

static int open_path(NamespaceKind kind, const char *path, Error *error) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        struct statfs fs;
        int type;

        if (fd < 0)
                return error_set_errno(error, negative_errno(), step, path);
        if (fstatfs(fd, &fs) < 0 || fs.f_type != NSFS_MAGIC)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, path, "it is no namespace");
        type = ioctl(fd, NS_GET_NSTYPE);
        if (type < 0 || (uint64_t) type != namespace_kind_flag(kind))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, path, "it is a namespace, but of another kind than %s",
                                 namespace_kind_name(kind));
        return TAKE_FD(fd);
}

/* A user namespace that one is in already can't be entered again (setns(2)), and needs not. */
static bool is_own_user_namespace(int fd) {
        struct stat a, b;

        return fstat(fd, &a) >= 0 && stat("/proc/self/ns/user", &b) >= 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int open_one(int machines, const Spec *spec, NamespaceKind kind, bool *ret_has_users, Error *error) {
        const NamespaceChoice *choice = &spec->namespaces[kind];
        _cleanup_state_ State state = STATE_NULL;
        int fd;

        if (choice->mode == NAMESPACE_MACHINE) {
                fd = open_leader(machines, choice->name, &state, error);
                *ret_has_users = state.uid_count > 0;
                return fd;
        }
        fd = open_path(kind, choice->name, error);
        *ret_has_users = fd >= 0 && !is_own_user_namespace(fd);
        return fd;
}

static bool is_missing(const Spec *spec, const Namespaces *namespaces, NamespaceKind kind) {
        if (!namespace_is_joined(&spec->namespaces[kind]) || namespaces->fds[kind] >= 0)
                return false;
        return kind != NAMESPACE_USER || spec->private_users.mode == USER_NAMESPACE_JOINED;
}

static int open_missing(int machines, Spec *spec, bool others_may, Namespaces *namespaces, Error *error) {
        for (NamespaceKind kind = 0; kind < _NAMESPACE_KIND_MAX; kind++) {
                bool has_users = true;
                int fd;

                if (!is_missing(spec, namespaces, kind))
                        continue;
                fd = open_one(machines, spec, kind, &has_users, others_may ? NULL : error);
                if (fd == -EACCES && others_may)
                        continue;
                if (fd < 0 && others_may)
                        fd = open_one(machines, spec, kind, &has_users, error);
                if (fd < 0)
                        return fd;
                if (kind == NAMESPACE_USER && !has_users) {
                        (void) fd_close(fd);
                        spec->private_users = (UserNamespace){ .mode = USER_NAMESPACE_NO };
                } else
                        namespaces->fds[kind] = fd;
        }
        return 0;
}

int namespaces_open(int machines, Spec *spec, Namespaces *ret, Error *error) {
        _cleanup_namespaces_ Namespaces namespaces = NAMESPACES_NULL;
        int r = open_missing(machines, spec, /* others_may= */ true, &namespaces, error);

        if (r < 0)
                return r;
        *ret = namespaces;
        namespaces = NAMESPACES_NULL;
        return 0;
}

int namespaces_open_rest(Spec *spec, Namespaces *namespaces, Error *error) {
        if (spec_take_network_namespace(spec) < 0)
                return error_oom(error);
        return open_missing(-EBADF, spec, /* others_may= */ false, namespaces, error);
}
