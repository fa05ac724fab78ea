/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stub-init.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"

/* The status to end with once CHILD has ended; others that are reaped on the way were orphans. */
static int reap(pid_t child, bool *ret_ended) {
        int status, result = 0;
        pid_t pid;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                if (pid == child) {
                        *ret_ended = true;
                        result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
                }
        return result;
}

void stub_init_run(pid_t child) {
        sigset_t all;
        bool ended = false;

        (void) prctl(PR_SET_NAME, "(berth-init)");
        /* Standard streams too: a pipe of the caller's must end when the payload closes it. */
        (void) close_range(0, ~0u, 0);

        sigfillset(&all);
        for (;;) {
                int signal, status;

                if (sigwait(&all, &signal) != 0)
                        continue;
                if (signal != SIGCHLD) {
                        (void) kill(child, signal);
                        continue;
                }
                status = reap(child, &ended);
                if (ended)
                        _exit(status);
        }
}

pid_t stub_init_fork(Error *error) {
        const pid_t wanted = 2;
        struct clone_args args = {
                .exit_signal = SIGCHLD,
                .set_tid = (uint64_t) (uintptr_t) &wanted,
                .set_tid_size = 1,
        };
        sigset_t all, old;
        pid_t child;

        /* Blocked before the fork, so that no signal is lost between; sigwait() takes them from there. */
        sigfillset(&all);
        if (sigprocmask(SIG_SETMASK, &all, &old) < 0)
                return error_set_errno(error, negative_errno(), "blocking signals", NULL);

        /* By number, since the helper that made the machine's /proc had the next one (clone3(2), Linux 5.5). */
        child = kernel_clone3(&args);
        if (child < 0)
                return error_set_errno(error, child, "forking the command", NULL);
        if (child == 0)
                (void) sigprocmask(SIG_SETMASK, &old, NULL);
        return child;
}
