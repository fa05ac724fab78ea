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
#include "starting.h"
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

/* PIDFD may be the negative errno with which there is none. */
static int answer(int socket, int pidfd) {
        SpawnReply reply = { .result = pidfd < 0 ? pidfd : 0 };

        return fd_pass_send(socket, &reply, sizeof(reply), &pidfd, pidfd < 0 ? 0 : 1);
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

static _noreturn_ void on_stop(int signal) {
        _exit(EXIT_SUCCESS);
}

/*
 * What a spare does. One that is reserved has a scope made around it: it ends when systemd stops that (KillSignal= in
 * scope.c), and like any supervisor not while it is being made.
 */
static _noreturn_ void spare_wait(int socket, const Title *title) {
        bool reserved = false;
        SpawnRequest request;
        sigset_t stop;
        int r;

        sigemptyset(&stop);
        sigaddset(&stop, SIGURG);
        (void) signal(SIGURG, on_stop);
        while ((r = read_request(socket, &request)) >= 0 && request.flags & SPAWN_RESERVE) {
                reserved = true;
                title_set(title, "--reserved");
        }
        if (r < 0 && reserved)
                starting_await_scope(NULL);
        if (r < 0)
                _exit(EXIT_SUCCESS);
        /* What comes from now on is for the supervisor's event loop. */
        (void) sigprocmask(SIG_BLOCK, &stop, NULL);
        (void) signal(SIGURG, SIG_DFL);
        (void) fd_close(socket);
        become(&request, title);
}

typedef struct Spawner {
        int socket;              /* to the manager */
        const Title *title;
        Spare spare, reserved;
} Spawner;

/* In a child: what is the spawner's alone. Whoever kept the socket of another spare would keep that from ending. */
static void leave_spawner(Spawner *spawner) {
        (void) fd_close(spawner->socket);
        spare_done(&spawner->spare);
        spare_done(&spawner->reserved);
}

/* Without one the next request takes a little longer. */
static void spare_fork(Spawner *spawner) {
        int pair[2], pidfd = -EBADF;
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return;
        pid = fork_supervisor(0, &pidfd);
        if (pid == 0) {
                const Title *title = spawner->title;

                leave_spawner(spawner);
                (void) fd_close(pair[0]);
                title_set(title, "--spare");
                /* Pages that we share with the spawner are copied as they are written to: now, and not while somebody waits. */
                supervisor_warm_up();
                spare_wait(pair[1], title);
        }
        (void) fd_close(pair[1]);
        spawner->spare = (Spare){ .pidfd = pidfd, .socket = pair[0] };
        if (pid < 0)
                spare_done(&spawner->spare);
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
        int pidfd = -ESRCH;

        if (spare->pidfd >= 0 && spawner_send(spare->socket, request) >= 0)
                pidfd = TAKE_FD(spare->pidfd);
        spare_done(spare);
        return pidfd;
}

/* The spare becomes the one that is reserved. */
static int spare_reserve(Spare *spare, Spare *reserved, const SpawnRequest *request) {
        int pidfd;

        if (spare->pidfd < 0 || spawner_send(spare->socket, request) < 0)
                return -ESRCH;
        pidfd = fd_dup(spare->pidfd);
        if (pidfd < 0)
                return pidfd;
        spare_done(reserved);
        *reserved = *spare;
        *spare = SPARE_NULL;
        return pidfd;
}

static bool is_asked(int socket) {
        return poll(&(struct pollfd){ .fd = socket, .events = POLLIN }, 1, 0) != 0;
}

static int fork_for(Spawner *spawner, SpawnRequest *request) {
        int pidfd = -EBADF;
        pid_t pid = fork_supervisor(request->flags, &pidfd);

        if (pid == 0) {
                const Title *title = spawner->title;

                leave_spawner(spawner);
                become(request, title);
        }
        return pid < 0 ? pid : pidfd;
}

/* The pidfd of whoever takes the request, the caller's. */
static int serve(Spawner *spawner, SpawnRequest *request) {
        int pidfd = -ESRCH;

        if (request->flags & SPAWN_RESERVE)
                return spare_reserve(&spawner->spare, &spawner->reserved, request);
        if (request->flags & SPAWN_RESERVED)
                return spare_use(&spawner->reserved, request);
        /* One with flags wants other namespaces, or is no supervisor. */
        if (request->flags == 0)
                pidfd = spare_use(&spawner->spare, request);
        return pidfd >= 0 ? pidfd : fork_for(spawner, request);
}

int spawner_run(int socket, const Title *title, Error *error) {
        Spawner spawner = { .socket = socket, .title = title, .spare = SPARE_NULL, .reserved = SPARE_NULL };

        /* The kernel reaps: the manager holds pidfds, nobody waits for the status. */
        (void) signal(SIGCHLD, SIG_IGN);
        (void) prctl(PR_SET_NAME, "berth-spawner");
        (void) unsetenv(SPAWNER_TUNABLES);
        title_set(title, "--spawner");
        supervisor_warm_up();

        for (;;) {
                _cleanup_close_ int pidfd = -EBADF;
                SpawnRequest request;
                int r;

                if (spawner.spare.pidfd < 0 && !is_asked(socket))
                        spare_fork(&spawner);
                r = read_request(socket, &request);
                if (r == -ECONNRESET || r == -EPIPE) {
                        spare_done(&spawner.reserved);
                        spare_dismiss(&spawner.spare);
                        return EXIT_SUCCESS;
                }
                if (r < 0)
                        return error_set_errno(error, r, "reading a spawn request", NULL);

                pidfd = serve(&spawner, &request);
                r = answer(socket, pidfd);
                spawn_request_close(&request);
                if (r < 0)
                        return EXIT_SUCCESS;
        }
}
