/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The spawner does nothing but fork: one process with all that a supervisor needs already loaded, whose pages
 * its children share. It holds nothing of any machine. While nobody asks for anything it forks the next supervisor, the spare:
 * so the manager, which waits for a PID to ask systemd for the scope with, has it at once.
 */

#include "spawner.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
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

/* In a child: what it was forked for. */
static _noreturn_ void become(SpawnRequest *request, const Title *title) {
        (void) signal(SIGCHLD, SIG_DFL);
        (void) prctl(PR_SET_NAME, "berth-supervis");
        exit(task_is_asked_for(request->flags) ? task_main(request) : supervisor_main(request, title));
}

typedef struct Spare {
        int pidfd;               /* -EBADF: there is none */
        int socket;              /* takes one request */
} Spare;

#define SPARE_NULL (Spare){ .pidfd = -EBADF, .socket = -EBADF }

static void spare_done(Spare *spare) {
        (void) fd_close(spare->pidfd);
        (void) fd_close(spare->socket);
        *spare = SPARE_NULL;
}

/* Without one the next request takes a little longer. MANAGER is closed in the child, which ends with the spawner. */
static void spare_fork(Spare *spare, int manager, const Title *title) {
        int pair[2];
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return;
        pid = fork_supervisor(0, &spare->pidfd);
        if (pid == 0) {
                SpawnRequest request;

                (void) fd_close(manager);
                (void) fd_close(pair[0]);
                title_set(title, "--spare");
                /* Pages that we share with the spawner are copied as they are written to: now, and not while somebody waits. */
                supervisor_warm_up();
                if (read_request(pair[1], &request) < 0)
                        _exit(EXIT_SUCCESS);
                (void) fd_close(pair[1]);
                become(&request, title);
        }
        (void) fd_close(pair[1]);
        spare->socket = pair[0];
        if (pid < 0)
                spare_done(spare);
}

/* It has nothing to do but to end. */
static void spare_dismiss(Spare *spare) {
        enum { PATIENCE_MSEC = 1000 };

        spare->socket = fd_close(spare->socket);
        if (spare->pidfd >= 0)
                (void) poll(&(struct pollfd){ .fd = spare->pidfd, .events = POLLIN }, 1, PATIENCE_MSEC);
        spare_done(spare);
}

/* Its pidfd, the caller's, if it took the request. One that somebody killed does not. */
static int spare_use(Spare *spare, const SpawnRequest *request) {
        int pidfd = -ENOENT;

        if (spare->pidfd >= 0 && request->flags == 0 && spawner_send(spare->socket, request) >= 0)
                pidfd = TAKE_FD(spare->pidfd);
        if (pidfd >= 0 || request->flags == 0)
                spare_done(spare);
        return pidfd;
}

static bool is_asked(int socket) {
        return poll(&(struct pollfd){ .fd = socket, .events = POLLIN }, 1, 0) != 0;
}

int spawner_run(int socket, const Title *title, Error *error) {
        Spare spare = SPARE_NULL;

        /* The kernel reaps: the manager holds pidfds, nobody waits for the status. */
        (void) signal(SIGCHLD, SIG_IGN);
        (void) prctl(PR_SET_NAME, "berth-spawner");
        (void) unsetenv(SPAWNER_TUNABLES);
        title_set(title, "--spawner");
        supervisor_warm_up();

        for (;;) {
                _cleanup_close_ int pidfd = -EBADF;
                SpawnRequest request;
                pid_t pid = 0;
                int r;

                if (spare.pidfd < 0 && !is_asked(socket))
                        spare_fork(&spare, socket, title);
                r = read_request(socket, &request);
                if (r == -ECONNRESET || r == -EPIPE) {
                        spare_dismiss(&spare);
                        return EXIT_SUCCESS;
                }
                if (r < 0)
                        return error_set_errno(error, r, "reading a spawn request", NULL);

                pidfd = spare_use(&spare, &request);
                if (pidfd < 0) {
                        pid = fork_supervisor(request.flags, &pidfd);
                        if (pid == 0) {
                                (void) fd_close(socket);
                                spare_done(&spare);
                                become(&request, title);
                        }
                }

                r = answer(socket, pid, pidfd);
                spawn_request_close(&request);
                if (r < 0)
                        return EXIT_SUCCESS;
        }
}
