/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* getpid-loop N: how many microseconds N calls take, the cheapest that there are. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
        unsigned long n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
        struct timespec begin, end;

        (void) clock_gettime(CLOCK_MONOTONIC, &begin);
        for (unsigned long i = 0; i < n; i++)
                (void) syscall(SYS_getpid);
        (void) clock_gettime(CLOCK_MONOTONIC, &end);
        printf("%lld\n", (long long) (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000);
        return EXIT_SUCCESS;
}
