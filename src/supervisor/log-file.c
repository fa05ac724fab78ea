/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"

enum { ROTATE_SIZE = 16 * 1024 * 1024, ROTATED_FILES = 4 };

void log_file_done(LogFile *file) {
        free(file->path);
        (void) fd_close(file->fd);
        *file = LOG_FILE_NULL;
}

static int open_file(LogFile *file) {
        struct stat st;

        file->fd = open(file->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
        if (file->fd < 0 || fstat(file->fd, &st) < 0)
                return negative_errno();
        file->size = (uint64_t) st.st_size;
        return 0;
}

int log_file_open(const char *machine, LogFile *ret, Error *error) {
        LogFile file = LOG_FILE_NULL;
        int r = directory_make(BERTH_LOG_DIR, 0700);

        if (r < 0)
                return error_set_errno(error, r, "making the folder of logs", BERTH_LOG_DIR);
        file.path = str_format("%s/%s.log", BERTH_LOG_DIR, machine);
        if (!file.path)
                return error_oom(error);
        r = open_file(&file);
        if (r < 0) {
                (void) error_set_errno(error, r, "opening the log", file.path);
                log_file_done(&file);
                return r;
        }
        *ret = file;
        return 0;
}

/* Nothing is lost on the way: a file is renamed, never truncated. */
static int rotate(LogFile *file) {
        for (int i = ROTATED_FILES - 1; i >= 0; i--) {
                _cleanup_free_ char *old = i == 0 ? strdup(file->path) : str_format("%s.%i", file->path, i);
                _cleanup_free_ char *new = str_format("%s.%i", file->path, i + 1);

                if (!old || !new)
                        return -ENOMEM;
                if (rename(old, new) < 0 && errno != ENOENT)
                        return negative_errno();
        }
        file->fd = fd_close(file->fd);
        return open_file(file);
}

int log_file_write(LogFile *file, const char *stream, bool partial, const char *text, size_t size) {
        char head[96];
        struct timespec now;
        struct tm tm;
        size_t n;
        ssize_t written;
        int r;

        if (file->size > ROTATE_SIZE) {
                r = rotate(file);
                if (r < 0)
                        return r;
        }

        (void) clock_gettime(CLOCK_REALTIME, &now);
        n = gmtime_r(&now.tv_sec, &tm) ? strftime(head, sizeof(head), "%Y-%m-%dT%H:%M:%S", &tm) : 0;
        n += (size_t) snprintf(head + n, sizeof(head) - n, ".%09liZ %s %c ", now.tv_nsec, stream, partial ? 'P' : 'F');

        do
                written = writev(file->fd, (struct iovec[]){ { head, n }, { (char *) text, size }, { (char *) "\n", 1 } }, 3);
        while (written < 0 && errno == EINTR);
        if (written < 0)
                return negative_errno();
        file->size += (uint64_t) written;
        return (size_t) written == n + size + 1 ? 0 : -ENOSPC;
}
