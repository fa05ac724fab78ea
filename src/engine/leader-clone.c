/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "leader-clone.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clocks.h"
#include "fd-util.h"
#include "file-util.h"
#include "kernel.h"

static const char step[] = "cloning the leader";

enum { STACK_SIZE = 256 * 1024 };

/* One go-between. It shares our memory, so what it finds out is simply there when it has ended. */
typedef struct Task {
        const LeaderClone *request;
        const Namespaces *namespaces;
        pid_t child;
        int pidfd;
        IdMap *map;
        Error *error;
} Task;

static int clone_failed(const Plan *plan, int r, Error *error) {
        if (r == -ENOSPC || r == -EUSERS)
                return error_set(error, ERROR_LIMIT_REACHED, -r, step, plan->spec->name,
                                 "no more namespaces are allowed; see /proc/sys/user/max_*_namespaces");
        if (r == -EINVAL || r == -ENOSYS)
                return error_set(error, ERROR_NOT_SUPPORTED, -r, step, plan->spec->name,
                                 "this kernel lacks clone3() with user, pid, network, ipc and uts namespaces");
        return error_set_errno(error, r, step, plan->spec->name);
}

/* FLAGS besides those of the plan's namespaces. CLONE_PARENT makes its parent ours, whose exit signal goes with it (clone(2)). */
static int clone_it(Task *task, uint64_t flags) {
        const LeaderClone *request = task->request;
        struct clone_args args = {
                .flags = (request->plan->namespaces & ~NAMESPACES_NOT_CLONED) | CLONE_PIDFD | flags,
                .pidfd = (uint64_t) (uintptr_t) &task->pidfd,
                .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
        };

        if (leader_clone_is_placed(request)) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t) request->birthplace;
        }

        task->child = kernel_clone3(&args);
        if (task->child == 0) {
                /* Our copy of the supervisor's end would keep the connection open when the supervisor dies. */
                (void) fd_close(request->ours);
                leader_run(&request->start);
        }
        return task->child < 0 ? clone_failed(request->plan, task->child, task->error) : 0;
}

/* The user namespace last: from then on we have no right to any that is not its own. The cgroup's is the leader's to enter. */
static int enter(const Namespaces *namespaces, Error *error) {
        static const NamespaceKind order[] = { NAMESPACE_NET, NAMESPACE_IPC, NAMESPACE_UTS, NAMESPACE_PID, NAMESPACE_USER };

        for (size_t i = 0; i < ELEMENTSOF(order); i++) {
                int fd = namespaces->fds[order[i]];

                if (fd >= 0 && setns(fd, (int) namespace_kind_flag(order[i])) < 0)
                        return error_set(error, ERROR_START_FAILED, errno, "joining the namespace", namespace_kind_name(order[i]),
                                         errno == ESRCH ? "the machine that it is of has ended" : NULL);
        }
        return 0;
}

static int clone_inside(void *userdata) {
        Task *task = userdata;
        int clocks, r = clocks_offset_children(task->request->plan, &clocks, task->error);

        (void) fd_close(clocks);
        if (r >= 0)
                r = enter(task->namespaces, task->error);
        if (r >= 0)
                r = clone_it(task, CLONE_PARENT);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* CLONE_VFORK: we stand still until it is done, so that sharing memory is safe. */
static int run_between(int (*function)(void *), Task *task, Error *error) {
        _cleanup_free_ char *stack = malloc(STACK_SIZE);
        int status = 0;
        pid_t between;

        if (!stack)
                return error_oom(error);
        between = clone(function, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, task);
        if (between < 0)
                return error_set_errno(error, negative_errno(), "starting a go-between", NULL);
        if (waitpid(between, &status, 0) < 0 || status != 0)
                return error_set(error, ERROR_START_FAILED, EIO, step, NULL, "the process that joins its namespaces failed");
        return 0;
}

static bool needs_go_between(const Plan *plan) {
        return plan->joined & ~(uint64_t) CLONE_NEWCGROUP;
}

bool leader_clone_is_placed(const LeaderClone *request) {
        return request->birthplace >= 0 && !needs_go_between(request->plan);
}

int leader_clone(const LeaderClone *request, pid_t *ret_child, int *ret_pidfd, Error *error) {
        Task task = { .request = request, .namespaces = request->namespaces, .pidfd = -EBADF, .error = error };
        int clocks, r;

        if (needs_go_between(request->plan))
                r = run_between(clone_inside, &task, error);
        else {
                r = clocks_offset_children(request->plan, &clocks, error);
                if (r >= 0)
                        r = clone_it(&task, 0);
                if (clocks_restore(&clocks, error) < 0 && r >= 0)
                        r = -EIO;
        }

        /* Also where something failed later: then the caller ends it. */
        *ret_child = task.child > 0 ? task.child : 0;
        *ret_pidfd = task.pidfd;
        return r;
}

/* From inside ids are shown as those of the namespace's parent (user_namespaces(7)), which is ours. */
static int read_map(void *userdata) {
        Task *task = userdata;
        _cleanup_free_ char *text = NULL;
        int r;

        if (setns(task->namespaces->fds[NAMESPACE_USER], CLONE_NEWUSER) < 0) {
                (void) error_set_errno(task->error, negative_errno(), "joining the namespace", "user");
                return EXIT_FAILURE;
        }
        r = file_read_at(AT_FDCWD, "/proc/self/uid_map", FILE_MAX_DEFAULT, &text, NULL);
        if (r < 0) {
                (void) error_set_errno(task->error, r, "reading the id map of the joined user namespace", NULL);
                return EXIT_FAILURE;
        }
        for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                if (sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &task->map->inside, &task->map->outside,
                           &task->map->count) == 3 &&
                    task->map->inside == 0)
                        return EXIT_SUCCESS;
        (void) error_set(task->error, ERROR_INVALID_VALUE, EINVAL, "joining the namespace", "user", "it has no root");
        return EXIT_FAILURE;
}

int leader_read_joined_map(const Namespaces *namespaces, IdMap *ret, Error *error) {
        Task task = { .namespaces = namespaces, .map = ret, .error = error };

        return run_between(read_map, &task, error);
}
