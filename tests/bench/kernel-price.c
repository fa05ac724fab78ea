/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The kernel's own price of a machine: kernel-price TREE COMMAND [ARGUMENT…]
 *
 * clone3() with all seven namespaces, the id maps, the mounts that a machine has, pivot_root, and the command: with nothing
 * checked that could be left out, nothing kept, and no one told. What is dearer than this is a manager's own doing.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int ok, const char *what) {
        if (!ok) {
                perror(what);
                _exit(EXIT_FAILURE);
        }
}

static void mount_at(const char *type, const char *target, unsigned long flags, const char *options) {
        must(mount(type, target, type, flags, options) == 0, target);
}

static void set_up(const char *tree) {
        static const char *const read_only[] = { "proc/sys", "proc/sysrq-trigger", "proc/irq", "proc/bus", "proc/fs" };
        static const char *const masked[] = { "proc/kcore", "proc/keys", "proc/timer_list" };

        must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "making mounts private");
        must(mount(tree, tree, NULL, MS_BIND | MS_REC, NULL) == 0 && chdir(tree) == 0, tree);
        mount_at("tmpfs", "dev", MS_NOSUID, "mode=755");
        must(mkdir("dev/pts", 0755) == 0 && mkdir("dev/shm", 0755) == 0 && mkdir("dev/mqueue", 0755) == 0, "mkdir");
        mount_at("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=666");
        mount_at("tmpfs", "dev/shm", MS_NOSUID | MS_NODEV, NULL);
        mount_at("mqueue", "dev/mqueue", MS_NOSUID | MS_NODEV, NULL);
        mount_at("tmpfs", "run", MS_NOSUID | MS_NODEV, NULL);
        mount_at("tmpfs", "tmp", MS_NOSUID | MS_NODEV, NULL);
        mount_at("proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
        mount_at("sysfs", "sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL);
        for (size_t i = 0; i < sizeof(read_only) / sizeof(*read_only); i++) {
                /* Not every kernel has all of them. */
                if (mount(read_only[i], read_only[i], NULL, MS_BIND | MS_REC, NULL) < 0)
                        continue;
                /* Linux 6.18 forgets the names of files of a new proc at times; then the mount is there, and its name is not. */
                must(mount(NULL, read_only[i], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) ==
                                     0 ||
                             errno == ENOENT,
                     read_only[i]);
        }
        for (size_t i = 0; i < sizeof(masked) / sizeof(*masked); i++)
                (void) mount("/dev/null", masked[i], NULL, MS_BIND, NULL);
        must(syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0 && chdir("/") == 0, "pivot_root");
}

static void write_map(pid_t pid, const char *file) {
        char path[64];
        int fd;

        (void) snprintf(path, sizeof(path), "/proc/%i/%s", pid, file);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        must(fd >= 0 && write(fd, "0 0 65536", 9) == 9 && close(fd) == 0, path);
}

int main(int argc, char *argv[]) {
        struct clone_args args = {
                .flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUSER |
                         CLONE_NEWCGROUP,
                .exit_signal = SIGCHLD,
        };
        int pair[2], status = 0;
        pid_t pid;

        must(argc >= 3 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0, "usage: kernel-price TREE COMMAND…");
        pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
        must(pid >= 0, "clone3");
        if (pid == 0) {
                char c;

                must(read(pair[1], &c, 1) == 1, "waiting for the maps");
                must(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0, "becoming root");
                set_up(argv[1]);
                (void) execv(argv[2], argv + 2);
                must(0, argv[2]);
        }
        write_map(pid, "uid_map");
        write_map(pid, "gid_map");
        must(write(pair[0], "", 1) == 1 && waitpid(pid, &status, 0) == pid, "waiting");
        return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
