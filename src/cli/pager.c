/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pager.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd-util.h"
#include "log.h"
#include "string-util.h"
#include "strv.h"

/* What is to be tried, the words of each separated by spaces; nothing where there is to be none. */
static const char *chosen_pager(void) {
        const char *chosen = getenv("SYSTEMD_PAGER");

        if (!chosen)
                chosen = getenv("PAGER");
        return !chosen ? "less" : isempty(chosen) || streq(chosen, "cat") ? NULL : chosen;
}

/* The parent learns by FAILURE that nothing was executed: it is closed by an exec and written to otherwise. */
_noreturn_ static void run_pager(char **words, int input, int failure) {
        if (dup2(input, STDIN_FILENO) >= 0) {
                /* Leave at once where it fits on the screen, show colours, do not clear the screen: as systemd has it. */
                if (setenv("LESS", strempty(getenv("SYSTEMD_LESS") ? getenv("SYSTEMD_LESS") : "FRSXMK"), 1) >= 0 &&
                    setenv("LESSSECURE", "1", 1) >= 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) >= 0)
                        (void) execvp(words[0], words);
        }
        (void) !write(failure, "", 1);
        _exit(EXIT_FAILURE);
}

static bool was_executed(int failure) {
        char byte;

        return read(failure, &byte, 1) == 0;
}

void pager_open(Pager *pager) {
        const char *chosen = isatty(STDOUT_FILENO) ? chosen_pager() : NULL;
        _cleanup_strv_free_ char **words = NULL;
        int input[2] = { -EBADF, -EBADF }, failure[2] = { -EBADF, -EBADF };

        if (!chosen || strv_split(chosen, " ", &words) < 0 || !words || !words[0])
                return;
        if (pipe2(input, O_CLOEXEC) < 0 || pipe2(failure, O_CLOEXEC) < 0) {
                fd_close_many((int[]){ input[0], input[1] }, 2);
                return;
        }

        (void) fflush(stdout);
        pager->pid = fork();
        if (pager->pid == 0)
                run_pager(words, input[0], failure[1]);
        failure[1] = fd_close(failure[1]);

        /* Who leaves the pager has seen enough: our output ends there, and that is no failure. */
        if (pager->pid > 0 && was_executed(failure[0]) && dup2(input[1], STDOUT_FILENO) >= 0)
                (void) signal(SIGPIPE, SIG_IGN);
        else if (pager->pid > 0) {
                log_debug("there is no pager '%s'", words[0]);
                (void) waitpid(pager->pid, NULL, 0);
                pager->pid = 0;
        } else
                pager->pid = 0;
        fd_close_many((int[]){ input[0], input[1], failure[0] }, 3);
}

void pager_close(Pager *pager) {
        _cleanup_close_ int null = -EBADF;

        if (pager->pid == 0)
                return;

        if (fflush(stdout) != 0)
                clearerr(stdout);
        /* It reads to the end: there has to be one. */
        null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
                (void) close(STDOUT_FILENO);
        while (waitpid(pager->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        pager->pid = 0;
}
