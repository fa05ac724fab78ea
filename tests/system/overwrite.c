/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a payload puts where the ELF interpreter of the host's programs should be (CVE-2019-5736): it changes the mode of
 * whatever program it was started as. It is started before any library is there, so it has none.
 */

#include <fcntl.h>
#include <sys/syscall.h>

static long call(long number, long a, long b, long c) {
        long result;

#if defined(__x86_64__)
        __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
        register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;

        __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
        result = x0;
#else
        result = -1;
#endif
        return result;
}

__attribute__((noreturn)) void _start(void);
void _start(void) {
        static const char program[] = "/proc/self/exe", mark[] = "/attacked";

        (void) call(SYS_openat, AT_FDCWD, (long) mark, O_WRONLY | O_CREAT);
        (void) call(SYS_exit_group, call(SYS_fchmodat, AT_FDCWD, (long) program, 0711) == 0 ? 0 : 42, 0, 0);
        for (;;)
                ;
}
