/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* System calls that glibc 2.36 has no wrapper for, and constants that its headers lack. */

#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "macro.h"

/* clone3(2), without a stack: the child goes on where the parent does, as after fork(2). */
static inline pid_t kernel_clone3(struct clone_args *args) {
        long r = syscall(SYS_clone3, args, sizeof(*args));
        return r < 0 ? (pid_t) negative_errno() : (pid_t) r;
}

/* openat2(2). The descriptor, or a negative errno. */
static inline int kernel_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
        struct open_how how = { .flags = flags, .mode = mode, .resolve = resolve };
        long r = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
        return r < 0 ? negative_errno() : (int) r;
}
