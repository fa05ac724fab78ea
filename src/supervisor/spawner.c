/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The spawner does nothing but fork: one process with all that a supervisor needs already loaded, whose pages
 * its children share. It holds nothing of any machine.
 */

#include "spawner.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fd-pass.h"
#include "fd-util.h"
#include "kernel.h"
#include "spawn-protocol.h"
#include "supervisor.h"
#include "task.h"

static int read_request(int socket, SpawnRequest *ret) {
        SpawnRequest request = { .flags = 0 };
        SpawnMessage message;
        int fds[FD_PASS_MAX], *slots[_SPAWN_FD_MAX];
        size_t n = 0, taken = 0;
        ssize_t size = fd_pass_receive(socket, &message, sizeof(message), fds, &n);

        if (size <= 0)
                return size < 0 ? (int) size : -ECONNRESET;
        if (size != sizeof(message) || (size_t) __builtin_popcount(message.present) != n) {
                fd_close_many(fds, n);
                return -EPROTO;
        }

        request.flags = message.flags;
        request.terminal_size = message.terminal_size;
        spawn_request_slots(&request, slots);
        for (size_t i = 0; i < _SPAWN_FD_MAX; i++)
                *slots[i] = message.present & 1u << i ? fds[taken++] : -EBADF;
        *ret = request;
        return 0;
}

/*
 * The supervisor is PID 1 of a pid namespace in which the machine's nests: when it dies, however, the kernel
 * kills all in there (pid_namespaces(7)), whatever the payload did to its death signal or its parents. Where the
 * machine is in a pid namespace of others this can't be: then the manager has systemd end the scope.
 */
static pid_t fork_supervisor(SpawnFlags flags, int *ret_pidfd) {
        int pidfd = -EBADF;
        struct clone_args args = {
                .flags = (flags & SPAWN_HOST_PIDS ? 0 : CLONE_NEWPID) | CLONE_PIDFD,
                .pidfd = (uint64_t) (uintptr_t) &pidfd,
                .exit_signal = SIGCHLD,
        };
        pid_t pid = kernel_clone3(&args);

        *ret_pidfd = pidfd;
        return pid;
}

static int answer(int socket, pid_t pid, int pidfd) {
        SpawnReply reply = { .result = pid < 0 ? pid : 0 };

        return fd_pass_send(socket, &reply, sizeof(reply), &pidfd, pid < 0 ? 0 : 1);
}

int spawner_run(int socket, const Title *title, Error *error) {
        /* The kernel reaps: the manager holds pidfds, nobody waits for the status. */
        (void) signal(SIGCHLD, SIG_IGN);
        (void) prctl(PR_SET_NAME, "berth-spawner");
        title_set(title, "--spawner");
        supervisor_warm_up();

        for (;;) {
                _cleanup_close_ int pidfd = -EBADF;
                SpawnRequest request;
                pid_t pid;
                int r = read_request(socket, &request);

                if (r == -ECONNRESET || r == -EPIPE)
                        return EXIT_SUCCESS;
                if (r < 0)
                        return error_set_errno(error, r, "reading a spawn request", NULL);

                pid = fork_supervisor(request.flags, &pidfd);
                if (pid == 0) {
                        (void) fd_close(socket);
                        (void) signal(SIGCHLD, SIG_DFL);
                        (void) prctl(PR_SET_NAME, "berth-supervis");
                        return task_is_asked_for(request.flags) ? task_main(&request) : supervisor_main(&request, title);
                }

                r = answer(socket, pid, pidfd);
                spawn_request_close(&request);
                if (r < 0)
                        return EXIT_SUCCESS;
        }
}
