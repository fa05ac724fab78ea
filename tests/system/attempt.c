/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * attempt WHAT…: tries each thing and prints its name and "ok", or the errno it ended with. What is tried is meant to be
 * harmless where it works: wrong arguments where these are only looked at after the right was.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/keyctl.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long set_clock(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_REALTIME, &now);
        return clock_settime(CLOCK_REALTIME, &now);
}

static long adjust_clock(void) {
        char timex[256] = {};

        return syscall(SYS_adjtimex, timex);
}

static long load_module(void) {
        return syscall(SYS_finit_module, -1, "", 0);
}

static long kexec(void) {
        return syscall(SYS_kexec_load, 0, 0, NULL, 0);
}

static long kexec_file(void) {
        return syscall(SYS_kexec_file_load, -1, -1, 0, NULL, 0);
}

static long bpf(void) {
        return syscall(SYS_bpf, 0, NULL, 0);
}

static long perf(void) {
        return syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0);
}

static long keyctl(void) {
        return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
}

static long add_key(void) {
        return syscall(SYS_add_key, "user", "berth-test", "x", 1, KEY_SPEC_SESSION_KEYRING);
}

static long request_key(void) {
        return syscall(SYS_request_key, "user", "berth-test", NULL, 0);
}

static long do_mount(void) {
        return syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL);
}

static long do_umount(void) {
        return syscall(SYS_umount2, "/tmp", 0);
}

static long do_fsopen(void) {
        return syscall(SYS_fsopen, "tmpfs", 0);
}

static long do_open_tree(void) {
        return syscall(SYS_open_tree, AT_FDCWD, "/", 1);
}

static long do_move_mount(void) {
        return syscall(SYS_move_mount, -1, "", -1, "", 0);
}

static long do_pivot_root(void) {
        return syscall(SYS_pivot_root, ".", ".");
}

static long unshare_users(void) {
        return unshare(CLONE_NEWUSER | CLONE_NEWNS);
}

static long enter_namespace(void) {
        return setns(-1, 0);
}

/* The child of a clone that works goes at once. */
static long reap(long pid) {
        if (pid == 0)
                _exit(0);
        if (pid > 0)
                (void) waitpid((pid_t) pid, NULL, 0);
        return pid;
}

static long clone_plain(void) {
        return reap(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static long clone_users(void) {
        return reap(syscall(SYS_clone, SIGCHLD | CLONE_NEWUSER, NULL, NULL, NULL, NULL));
}

static long clone3(void) {
        struct clone_args args = { .exit_signal = SIGCHLD };

        return reap(syscall(SYS_clone3, &args, sizeof(args)));
}

static long inject(void) {
        return ioctl(0, TIOCSTI, "x");
}

/* The kernel takes 32 bits of the request: the rest is for those who only look at all 64. */
static long inject_disguised(void) {
        return syscall(SYS_ioctl, 0, (UINT64_C(1) << 32) | TIOCSTI, "x");
}

static long vsock(void) {
        return socket(AF_VSOCK, SOCK_STREAM, 0);
}

static long alg(void) {
        return socket(AF_ALG, SOCK_SEQPACKET, 0);
}

static long change_personality(void) {
        return personality(READ_IMPLIES_EXEC);
}

static long ask_personality(void) {
        return personality(UINT32_MAX);
}

static long do_reboot(void) {
        return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, RB_DISABLE_CAD, NULL);
}

static long read_kernel_log(void) {
        return syscall(SYS_syslog, 10, NULL, 0);
}

static long swap_on(void) {
        return syscall(SYS_swapon, "/none", 0);
}

static long io_uring(void) {
        return syscall(SYS_io_uring_setup, 0, NULL);
}

static long fault_handling(void) {
        return syscall(SYS_userfaultfd, 0);
}

static long open_by_handle(void) {
        return syscall(SYS_open_by_handle_at, -1, NULL, 0);
}

static long unheard_of(void) {
        return syscall(9999);
}

static long set_host_name(void) {
        return syscall(SYS_sethostname, "berth", 5);
}

/* A process of the same user: what debuggers do all day. */
static long trace_own(void) {
        pid_t pid = fork();
        long r;

        if (pid == 0) {
                pause();
                _exit(0);
        }
        r = ptrace(PTRACE_ATTACH, pid, NULL, NULL);
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
        return r;
}

/* A process of another user. */
static long trace_other(void) {
        int ready[2], error = 0;
        pid_t pid;
        char c;
        long r;

        if (pipe(ready) < 0)
                return -1;
        pid = fork();
        if (pid == 0) {
                c = setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0;
                (void) !write(ready[1], &c, 1);
                pause();
                _exit(0);
        }
        if (read(ready[0], &c, 1) != 1 || !c) {
                errno = EPROTO;
                return -1;
        }
        r = ptrace(PTRACE_ATTACH, pid, NULL, NULL);
        error = errno;
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
        errno = error;
        return r;
}

#ifdef __x86_64__
static long other_abi(unsigned long number) {
        long result;

        __asm__ volatile("int $0x80"
                         : "=a"(result)
                         : "a"(number), "b"(0), "c"(0), "d"(0), "S"(0), "D"(0)
                         : "memory", "r8", "r9", "r10", "r11");
        if (result < 0) {
                errno = (int) -result;
                return -1;
        }
        return result;
}

static long getpid_i386(void) {
        return other_abi(20);
}

static long mount_i386(void) {
        return other_abi(21);
}

static long mount_x32(void) {
        return syscall(0x40000000 | SYS_mount, "none", "/tmp", "tmpfs", 0, NULL);
}
#endif

static const struct {
        const char *name;
        long (*function)(void);
} attempts[] = {
        { "clock_settime", set_clock },    { "adjtimex", adjust_clock },         { "finit_module", load_module },
        { "kexec_load", kexec },           { "kexec_file_load", kexec_file },    { "bpf", bpf },
        { "perf_event_open", perf },       { "keyctl", keyctl },                 { "add_key", add_key },
        { "request_key", request_key },    { "mount", do_mount },                { "umount", do_umount },
        { "fsopen", do_fsopen },           { "open_tree", do_open_tree },        { "move_mount", do_move_mount },
        { "pivot_root", do_pivot_root },   { "unshare", unshare_users },         { "setns", enter_namespace },
        { "clone", clone_plain },          { "clone-newuser", clone_users },     { "clone3", clone3 },
        { "tiocsti", inject },             { "tiocsti-64", inject_disguised },   { "vsock", vsock },
        { "alg", alg },                    { "personality", change_personality }, { "personality-ask", ask_personality },
        { "reboot", do_reboot },           { "syslog", read_kernel_log },        { "swapon", swap_on },
        { "io_uring", io_uring },          { "userfaultfd", fault_handling },    { "open_by_handle_at", open_by_handle },
        { "ptrace-own", trace_own },       { "ptrace-other", trace_other },      { "unknown", unheard_of },
        { "sethostname", set_host_name },
#ifdef __x86_64__
        { "getpid-i386", getpid_i386 },    { "mount-i386", mount_i386 },         { "mount-x32", mount_x32 },
#endif
};

int main(int argc, char *argv[]) {
        for (int i = 1; i < argc; i++) {
                size_t j = 0;

                while (j < sizeof(attempts) / sizeof(attempts[0]) && strcmp(attempts[j].name, argv[i]) != 0)
                        j++;
                if (j == sizeof(attempts) / sizeof(attempts[0])) {
                        fprintf(stderr, "nobody knows how to attempt %s\n", argv[i]);
                        return EXIT_FAILURE;
                }
                errno = 0;
                printf("%s %s\n", argv[i], attempts[j].function() < 0 ? strerrorname_np(errno) : "ok");
        }
        return EXIT_SUCCESS;
}
