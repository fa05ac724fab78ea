/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A payload that does all it can to outlive its supervisor: it forgets its death signal, ignores every signal,
 * leaves its session, and keeps daemonized children doing the same. Static, so that any tree can run it.
 */

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static void resist(void) {
        prctl(PR_SET_PDEATHSIG, 0);
        for (int i = 1; i < NSIG; i++)
                signal(i, SIG_IGN);
        setsid();
}

int main(void) {
        resist();
        for (int i = 0; i < 3; i++)
                if (fork() == 0) {
                        resist();
                        if (fork() != 0)
                                _exit(EXIT_SUCCESS);
                        resist();
                        for (;;)
                                sleep(1000);
                }
        (void) !write(STDOUT_FILENO, "ready\n", 6);
        for (;;)
                sleep(1000);
}
