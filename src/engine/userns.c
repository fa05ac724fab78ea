/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "userns.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "fd-util.h"
#include "file-util.h"
#include "kernel.h"
#include "pidref.h"
#include "string-util.h"

static const char step[] = "making a user namespace for the owners of a mount";

static int write_map(pid_t pid, const char *file, const char *map) {
        _cleanup_free_ char *path = str_format("/proc/%i/%s", pid, file);

        return path ? file_write_value(AT_FDCWD, path, map) : -ENOMEM;
}

static int open_mapped(pid_t pid, const char *uid_map, const char *gid_map) {
        _cleanup_free_ char *path = str_format("/proc/%i/ns/user", pid);
        int r = path ? write_map(pid, "uid_map", uid_map) : -ENOMEM, fd;

        if (r >= 0)
                r = write_map(pid, "gid_map", gid_map);
        if (r < 0)
                return r;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? negative_errno() : fd;
}

/* The namespace needs a process to be made by and to be mapped through; the descriptor keeps it after that. */
int userns_new(const char *uid_map, const char *gid_map, Error *error) {
        _cleanup_pidref_ PidRef holder = PIDREF_NULL;
        int pidfd = -EBADF, r;
        struct clone_args args = {
                .flags = CLONE_NEWUSER | CLONE_PIDFD,
                .pidfd = (uint64_t) (uintptr_t) &pidfd,
                .exit_signal = SIGCHLD,
        };
        pid_t child = kernel_clone3(&args);

        if (child < 0)
                return error_set_errno(error, child, step, NULL);
        if (child == 0)
                for (;;)
                        (void) pause();

        r = pidref_from_pidfd_consume(pidfd, &holder);
        if (r >= 0)
                r = open_mapped(holder.pid, uid_map, gid_map);
        (void) kill(child, SIGKILL);
        (void) waitpid(child, NULL, 0);
        return r < 0 ? error_set_errno(error, r, step, NULL) : r;
}
