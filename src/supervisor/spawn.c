/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "fd-pass.h"
#include "fd-util.h"
#include "parse-util.h"
#include "program.h"
#include "spawn-protocol.h"

static _noreturn_ void execute_spawner(int program, int socket) {
        enum { ROOM = 64 }; /* as long as a name can be */
        char option[sizeof("--spawner=") + ROOM];
        char *argv[] = { (char *) "berth-supervisor", option, NULL };
        sigset_t none;

        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        /*
         * glibc's malloc keeps small chunks that are freed in a cache per thread, malloc_trim(3) or not: with what a start needs
         * they are most of what a supervisor has (mallopt(3), GLIBC_TUNABLES). The spawner takes it out of the environment.
         */
        (void) setenv(SPAWNER_TUNABLES, "glibc.malloc.tcache_count=0", 1);
        /* Leading zeros make room for a machine's name in the titles of supervisors (title.h). */
        (void) snprintf(option, sizeof(option), "--spawner=%0*i", ROOM, socket);
        if (fcntl(socket, F_SETFD, 0) >= 0)
                (void) program_execute(program, argv);
        _exit(EXIT_FAILURE);
}

int spawner_start(int *ret, Error *error) {
        _cleanup_close_ int program = program_open(BERTH_SUPERVISOR, error), ours = -EBADF, theirs = -EBADF;
        int pair[2];
        pid_t child;

        if (program < 0)
                return program;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_set_errno(error, negative_errno(), "making the spawner's socket", NULL);
        ours = pair[0];
        theirs = pair[1];
        if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0)
                return error_set_errno(error, negative_errno(), "making the spawner's socket non-blocking", NULL);

        child = fork();
        if (child < 0)
                return error_set_errno(error, negative_errno(), "forking the spawner", NULL);
        if (child == 0)
                execute_spawner(program, theirs);

        *ret = TAKE_FD(ours);
        return 0;
}

void spawn_print_result(int fd, int r, uint64_t number, const Error *error) {
        bool known = error_is_set(error);
        _cleanup_free_ char *text = known ? error_render(error) : NULL;

        if (r >= 0)
                (void) dprintf(fd, "+%llu\n", (unsigned long long) number);
        else
                (void) dprintf(fd, "%s %s\n", error_kind_to_dbus(known ? error->kind : ERROR_FAILED),
                               text ? text : errno_text(r));
}

int spawn_read_result(const char *text, const char *step, uint64_t *ret_number, Error *error) {
        _cleanup_free_ char *line = strndup(text, strcspn(text, "\n"));
        char *space;

        if (!line)
                return error_oom(error);
        if (line[0] == '+' && parse_u64(line + 1, ret_number) >= 0)
                return 0;
        space = strchr(line, ' ');
        if (!space)
                return error_set(error, ERROR_FAILED, ECONNRESET, step, NULL, "the process that did it was killed");
        *space = '\0';
        return error_set_rendered(error, error_kind_from_dbus(line), EIO, space + 1);
}

void spawn_request_close(SpawnRequest *request) {
        int *slots[_SPAWN_FD_MAX];

        spawn_request_slots(request, slots);
        for (size_t i = 0; i < _SPAWN_FD_MAX; i++)
                *slots[i] = fd_close(*slots[i]);
}

int spawner_send(int socket, const SpawnRequest *request) {
        const int *slots[_SPAWN_FD_MAX];
        SpawnMessage message = { .flags = request->flags, .terminal_size = request->terminal_size };
        int fds[_SPAWN_FD_MAX];
        size_t n = 0;

        spawn_request_slots((SpawnRequest *) request, (int **) slots);
        for (size_t i = 0; i < _SPAWN_FD_MAX; i++)
                if (*slots[i] >= 0) {
                        message.present |= 1u << i;
                        fds[n++] = *slots[i];
                }
        return fd_pass_send(socket, &message, sizeof(message), fds, n);
}

int spawner_receive(int socket, int *ret_pidfd) {
        SpawnReply reply;
        int fds[FD_PASS_MAX];
        size_t n = 0;
        ssize_t size = fd_pass_receive(socket, &reply, sizeof(reply), fds, &n);

        if (size < 0)
                return (int) size;
        if (size == 0)
                return -ECONNRESET;
        if (size != sizeof(reply) || (reply.result >= 0 && n != 1)) {
                fd_close_many(fds, n);
                return -EPROTO;
        }
        if (reply.result < 0)
                return reply.result;

        *ret_pidfd = fds[0];
        return 0;
}
