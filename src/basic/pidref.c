/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pidref.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "fd-util.h"
#include "file-util.h"

#define PID_FS_MAGIC 0x50494446 /* linux/magic.h since Linux 6.9 */

void pidref_done(PidRef *p) {
        (void) fd_close(p->fd);
        *p = PIDREF_NULL;
}

/* The PID behind a pidfd, as the mounted /proc counts it (proc(5), fdinfo). */
static int pidfd_get_pid(int pidfd, pid_t *ret) {
        char path[sizeof("/proc/self/fdinfo/") + 3 * sizeof(int)];
        _cleanup_free_ char *info = NULL;
        const char *line;
        int pid, r;

        (void) snprintf(path, sizeof(path), "/proc/self/fdinfo/%i", pidfd);
        r = file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &info, NULL);
        if (r < 0)
                return r;

        line = strstr(info, "\nPid:");
        if (!line || sscanf(line, "\nPid: %i", &pid) != 1)
                return -ENODATA;
        if (pid <= 0)
                return -ESRCH;
        *ret = pid;
        return 0;
}

/* Counted from behind the command in parentheses, which may itself hold spaces and parentheses. */
int process_read_stat(pid_t pid, unsigned number, uint64_t *ret) {
        char path[sizeof("/proc//stat") + 3 * sizeof(pid_t)];
        _cleanup_free_ char *stat = NULL;
        const char *p;
        int r;

        (void) snprintf(path, sizeof(path), "/proc/%i/stat", pid);
        r = file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &stat, NULL);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;

        p = strrchr(stat, ')');
        for (unsigned field = 2; p && field < number; field++)
                p = strchr(p + 1, ' ');
        return p && sscanf(p, " %" SCNu64, ret) == 1 ? 0 : -ENODATA;
}

int pidref_from_pidfd_consume(int pidfd, PidRef *ret) {
        _cleanup_pidref_ PidRef p = { .fd = pidfd };
        struct statfs fs;
        struct stat st;
        int r;

        r = pidfd_get_pid(pidfd, &p.pid);
        if (r < 0)
                return r;
        r = process_read_stat(p.pid, STAT_START_TIME, &p.start_time);
        if (r < 0)
                return r;

        if (fstatfs(pidfd, &fs) < 0 || fstat(pidfd, &st) < 0)
                return negative_errno();
        if (fs.f_type == PID_FS_MAGIC)
                p.inode = st.st_ino;

        *ret = p;
        p = PIDREF_NULL;
        return 0;
}

int pidref_from_pid(pid_t pid, PidRef *ret) {
        int fd = pidfd_open(pid, 0);

        return fd < 0 ? negative_errno() : pidref_from_pidfd_consume(fd, ret);
}

int pidref_reopen(pid_t pid, uint64_t inode, uint64_t start_time, PidRef *ret) {
        _cleanup_pidref_ PidRef p = PIDREF_NULL;
        int r = pidref_from_pid(pid, &p);

        if (r < 0)
                return r;
        if ((inode && p.inode && p.inode != inode) || p.start_time != start_time)
                return -ESRCH;

        *ret = p;
        p = PIDREF_NULL;
        return 0;
}

int pidref_kill(const PidRef *p, int signal) {
        return pidfd_send_signal(p->fd, signal, NULL, 0) < 0 ? negative_errno() : 0;
}
