/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fd-util.h"

static _noreturn_ void execute(int ready, pid_t parent) {
        char option[sizeof("--notify-fd=") + 3 * sizeof(int)];
        sigset_t none;

        /* Who waits for a machine blocks signals, and an agent that does so would never end. */
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);

        /* Its end is ours: a password must not be asked for after us. */
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
                _exit(EXIT_FAILURE);
        (void) snprintf(option, sizeof(option), "--notify-fd=%i", ready);
        /* Without --fallback: polkit 122 looks for such an agent in sessions alone, and not every terminal is one's. */
        if (fcntl(ready, F_SETFD, 0) >= 0)
                (void) execlp("pkttyagent", "pkttyagent", option, NULL);
        _exit(EXIT_FAILURE);
}

int agent_open(void) {
        _cleanup_close_ int reader = -EBADF, writer = -EBADF;
        pid_t parent = getpid(), pid;
        int pair[2];
        char c;

        if (geteuid() == 0 || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
                return 0;
        if (pipe2(pair, O_CLOEXEC) < 0)
                return negative_errno();
        reader = pair[0];
        writer = pair[1];
        pid = fork();
        if (pid < 0)
                return negative_errno();
        if (pid == 0)
                execute(writer, parent);
        writer = fd_close(writer);
        /* It closes that once polkit knows of it, or has ended. */
        while (read(reader, &c, 1) < 0 && errno == EINTR)
                ;
        return 1;
}
