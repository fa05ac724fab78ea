/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"

#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fd-util.h"
#include "parse-util.h"
#include "string-util.h"

#define INTERVAL_USEC (100 * USEC_PER_MSEC)

enum { WIDTH = 30 };

ProgressBar progress_bar(const char *what) {
        return (ProgressBar){ .shown = isatty(STDERR_FILENO), .what = what };
}

static char *amount(uint64_t n, bool bytes) {
        char size[FORMAT_SIZE_MAX];

        /* Tenths of a megabyte: exact sizes would jump in width. */
        if (bytes && n >= 1024 * 1024)
                n -= n % (100 * 1024);
        return bytes ? strdup(format_size(n, size)) : str_format("%" PRIu64, n);
}

void progress_bar_set(ProgressBar *bar, uint64_t done, uint64_t total, bool bytes) {
        _cleanup_free_ char *has = NULL, *of = NULL;
        char line[WIDTH + 1];
        uint64_t now;
        size_t full;

        if (!bar->shown)
                return;
        now = clock_usec(CLOCK_MONOTONIC);
        if (bar->drawn && now - bar->drawn_usec < INTERVAL_USEC)
                return;
        bar->drawn = true;
        bar->drawn_usec = now;

        has = amount(done, bytes);
        of = amount(total, bytes);
        if (!has || !of)
                return;
        if (total == 0) {
                fprintf(stderr, "\r\033[K%s: %s%s", bar->what, has, bytes ? "" : " files");
                return;
        }
        if (done > total)
                done = total;
        full = (size_t) ((double) done / (double) total * WIDTH);
        (void) memset(line, ' ', WIDTH);
        (void) memset(line, '=', full);
        if (full < WIDTH)
                line[full] = '>';
        line[WIDTH] = '\0';
        fprintf(stderr, "\r\033[K%s [%s] %3.0f%% %s/%s%s", bar->what, line, (double) done / (double) total * 100, has, of,
                bytes ? "" : " files");
}

void progress_bar_clear(ProgressBar *bar) {
        if (bar->drawn)
                fputs("\r\033[K", stderr);
        bar->drawn = false;
}

/* From standard input to standard output, until one of them ends. Both are pipes: nothing is copied. */
static _noreturn_ void pump(const char *what, uint64_t total) {
        ProgressBar bar = progress_bar(what);
        uint64_t done = 0;
        ssize_t n;

        /* What else the caller has open must not be held open by us. */
        (void) close_range(STDERR_FILENO + 1, UINT_MAX, 0);
        (void) signal(SIGPIPE, SIG_IGN);
        while ((n = splice(STDIN_FILENO, NULL, STDOUT_FILENO, NULL, 1024 * 1024, 0)) > 0 || (n < 0 && errno == EINTR)) {
                if (n > 0)
                        done += (uint64_t) n;
                progress_bar_set(&bar, done, total, /* bytes= */ true);
        }
        progress_bar_clear(&bar);
        _exit(n < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

int progress_insert(int *fd, bool writes, const char *what, uint64_t total, pid_t *ret_pid, Error *error) {
        _cleanup_close_ int reader = -EBADF, writer = -EBADF;
        int pair[2];
        pid_t pid;

        *ret_pid = 0;
        if (!isatty(STDERR_FILENO))
                return 0;
        if (pipe2(pair, O_CLOEXEC) < 0)
                return error_set_errno(error, negative_errno(), what, "a pipe");
        reader = pair[0];
        writer = pair[1];
        pid = fork();
        if (pid < 0)
                return error_set_errno(error, negative_errno(), what, NULL);
        if (pid == 0) {
                if (dup2(writes ? reader : *fd, STDIN_FILENO) < 0 || dup2(writes ? *fd : writer, STDOUT_FILENO) < 0)
                        _exit(EXIT_FAILURE);
                pump(what, total);
        }
        (void) fd_close(*fd);
        *fd = writes ? TAKE_FD(writer) : TAKE_FD(reader);
        *ret_pid = pid;
        return 0;
}

void progress_join(pid_t pid) {
        while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
}

/* 1: it was the last message, and the work is done. */
static int take(ProgressBar *bar, const char *text, size_t size, uint64_t *ret_usage, Error *error) {
        json_auto_t *object = json_loadb(text, size, 0, NULL);
        const char *kind = json_string_value(json_object_get(object, "error"));
        const char *message = json_string_value(json_object_get(object, "message"));
        json_int_t done = json_integer_value(json_object_get(object, "done"));
        json_int_t total = json_integer_value(json_object_get(object, "total"));
        const char *unit = json_string_value(json_object_get(object, "unit"));

        if (kind)
                return error_set_rendered(error, error_kind_from_dbus(kind), EIO, message ? message : kind);
        if (json_object_get(object, "result")) {
                if (ret_usage)
                        *ret_usage = (uint64_t) json_integer_value(json_object_get(object, "usage"));
                return 1;
        }
        progress_bar_set(bar, (uint64_t) done, (uint64_t) total, unit && streq(unit, "bytes"));
        return 0;
}

int progress_follow(int socket, const char *what, uint64_t *ret_usage, Error *error) {
        _cleanup_progress_bar_ ProgressBar bar = progress_bar(what);

        for (;;) {
                char buffer[4096];
                ssize_t n = recv(socket, buffer, sizeof(buffer), 0);
                int r;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return error_set(error, ERROR_FAILED, ECONNRESET, what, NULL, "the process that did it was killed");
                r = take(&bar, buffer, (size_t) n, ret_usage, error);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
}
