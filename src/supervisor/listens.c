/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "listens.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"

bool status_has_signal(const char *status, const char *mask, int signal) {
        _cleanup_free_ char *key = str_format("\n%s:", mask);
        const char *line = key ? strstr(status, key) : NULL;

        return line && strtoull(line + strlen(key), NULL, 16) & UINT64_C(1) << (signal - 1);
}

/* While a thread is in sigtimedwait() the kernel shows what it waits for as not blocked, so look where it is (proc(5), syscall). */
static bool thread_listens(int tasks, const char *thread, int signal) {
        _cleanup_free_ char *status_path = str_format("%s/status", thread), *call_path = str_format("%s/syscall", thread);
        _cleanup_free_ char *status = NULL, *call = NULL;

        if (!status_path || !call_path || file_read_at(tasks, status_path, FILE_MAX_DEFAULT, &status, NULL) < 0)
                return true;
        /* A handler hears it, and so does sigwait() or a signalfd of a thread that blocks it. */
        if (status_has_signal(status, "SigBlk", signal) || status_has_signal(status, "SigCgt", signal))
                return true;
        return file_read_at(tasks, call_path, FILE_MAX_DEFAULT, &call, NULL) < 0 || atol(call) == SYS_rt_sigtimedwait;
}

bool process_listens(pid_t pid, int signal) {
        _cleanup_free_ char *path = str_format("/proc/%i/task", pid);
        _cleanup_close_ int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -ENOMEM;
        DIR *tasks = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;
        bool listens = false;

        if (!tasks)
                return true;
        TAKE_FD(fd);

        while (!listens && (entry = readdir(tasks)))
                if (entry->d_name[0] != '.')
                        listens = thread_listens(dirfd(tasks), entry->d_name, signal);
        (void) closedir(tasks);
        return listens;
}
