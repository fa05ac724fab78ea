/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "leader-mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd-util.h"
#include "mount.h"

void leader_mounts_done(LeaderMounts *mounts) {
        mounts->proc = fd_close(mounts->proc);
        mounts->sysfs = fd_close(mounts->sysfs);
        mounts->mqueue = fd_close(mounts->mqueue);
        mounts->shm = fd_close(mounts->shm);
}

typedef struct Task {
        const Plan *plan;
        int leader;
        const Namespaces *namespaces;
        LeaderMounts *mounts;
        Error *error;
} Task;

static int *slot_of(LeaderMounts *mounts, MountKind kind, const char **ret_type) {
        switch (kind) {
        case MOUNT_PROC:
                *ret_type = "proc";
                return &mounts->proc;
        case MOUNT_SYSFS:
                *ret_type = "sysfs";
                return &mounts->sysfs;
        case MOUNT_MQUEUE:
                *ret_type = "mqueue";
                return &mounts->mqueue;
        default:
                return NULL;
        }
}

/*
 * The folder of the machine whose IPC is joined, from its own mount namespace: the last that is done, since there is
 * no way back from there. Its payload could put something else in that place, but nothing that is not its own.
 */
static int take_shm(Task *task) {
        if (setns(task->namespaces->fds[NAMESPACE_IPC], CLONE_NEWNS) < 0)
                return error_set_errno(task->error, negative_errno(), "joining the shared memory of",
                                       task->plan->spec->namespaces[NAMESPACE_IPC].name);
        task->mounts->shm = mount_clone(AT_FDCWD, "/dev/shm", /* recursive= */ false, task->error);
        return task->mounts->shm;
}

/* Runs in the child. It shares our memory, so the descriptors and the error are simply there when it has ended. */
static int make_inside(void *userdata) {
        Task *task = userdata;
        const Plan *plan = task->plan;
        bool joins_shm = false;
        int namespaces = (int) (plan_all_namespaces(plan) & (CLONE_NEWNET | CLONE_NEWIPC));

        /* The pid namespace is entered already, by being born (setns(2)). */
        if (namespaces && setns(task->leader, namespaces) < 0) {
                (void) error_set_errno(task->error, negative_errno(), "entering the leader's namespaces", NULL);
                return EXIT_FAILURE;
        }

        for (size_t i = 0; i < plan->n_mounts; i++) {
                const PlannedMount *m = &plan->mounts[i];
                const char *type;
                int *slot = slot_of(task->mounts, m->kind, &type);

                joins_shm = joins_shm || m->kind == MOUNT_JOINED_SHM;
                if (!slot)
                        continue;
                *slot = mount_new(type, m->options, m->attributes, task->error);
                if (*slot < 0)
                        return EXIT_FAILURE;
        }
        return joins_shm && take_shm(task) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Where our own next children are born: in the leader's pid namespace, or in ours again. */
static int set_children_namespace(int pidfd, Error *error) {
        if (setns(pidfd, CLONE_NEWPID) < 0)
                return error_set_errno(error, negative_errno(), "choosing the pid namespace of children", NULL);
        return 0;
}

int leader_mounts_make(const Plan *plan, int leader_pidfd, const Namespaces *namespaces, LeaderMounts *ret, Error *error) {
        enum { STACK_SIZE = 64 * 1024 };
        LeaderMounts mounts = LEADER_MOUNTS_NULL;
        Task task = { .plan = plan, .leader = leader_pidfd, .namespaces = namespaces, .mounts = &mounts, .error = error };
        _cleanup_close_ int self = pidfd_open(getpid(), 0);
        _cleanup_free_ char *stack = malloc(STACK_SIZE);
        int status = 0, r;
        pid_t child;

        if (self < 0)
                return error_set_errno(error, negative_errno(), "opening our own pidfd", NULL);
        if (!stack)
                return error_oom(error);

        r = set_children_namespace(leader_pidfd, error);
        if (r < 0)
                return r;

        /* CLONE_VFORK: we stand still until the child is done, so that sharing memory is safe. */
        child = clone(make_inside, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &task);
        r = child < 0 ? error_set_errno(error, negative_errno(), "starting a process in the leader's pid namespace", NULL) : 0;
        if (r >= 0 && (waitpid(child, &status, 0) < 0 || status != 0))
                r = error_set(error, ERROR_START_FAILED, EIO, "making the leader's file systems", NULL,
                              "the process that makes them failed");
        if (set_children_namespace(self, error) < 0 && r >= 0)
                r = -EIO;

        if (r < 0)
                leader_mounts_done(&mounts);
        else
                *ret = mounts;
        return r;
}
