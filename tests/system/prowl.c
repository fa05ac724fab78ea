/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * prowl: looks at each process as it comes, for as long as it is let, and writes to /seen whose program is none of the
 * machine's. It makes /ready once it looks.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* loadavg has the PID that was given last, of the reader's pid namespace (proc(5)). */
static int last_pid(int loadavg) {
        char text[128];
        ssize_t n = pread(loadavg, text, sizeof(text) - 1, 0);
        const char *last;

        if (n <= 0)
                return 0;
        text[n] = '\0';
        last = strrchr(text, ' ');
        return last ? atoi(last + 1) : 0;
}

static void look_at(int pid) {
        char path[64], program[4096];
        const char *name;
        ssize_t n;
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%i/exe", pid);
        n = readlink(path, program, sizeof(program) - 1);
        if (n <= 0)
                return;
        program[n] = '\0';
        name = strrchr(program, '/');
        if (!name || strcmp(name, "/busybox") == 0 || strcmp(name, "/prowl") == 0)
                return;
        f = fopen("/seen", "ae");
        if (!f)
                return;
        fprintf(f, "%i %s\n", pid, program);
        (void) fclose(f);
}

int main(void) {
        enum { SHORTLY_BEFORE = 2 };
        int loadavg = open("/proc/loadavg", O_RDONLY | O_CLOEXEC), ready = open("/ready", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        if (loadavg < 0 || ready < 0) {
                perror("prowl");
                return EXIT_FAILURE;
        }
        for (;;) {
                int last = last_pid(loadavg);

                for (int pid = last - SHORTLY_BEFORE; pid <= last + 1; pid++)
                        if (pid > 1)
                                look_at(pid);
        }
}
