/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "copy.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "path-util.h"

static const char step[] = "copying";

/* The directory that PATH is in, and its name there; or with a path that ends as a directory's, that one and ".". */
static int open_place(const char *path, int *ret, const char **ret_name, Error *error) {
        _cleanup_free_ char *parent = NULL;
        const char *name = path_basename(path);
        bool whole = !*name || streq(name, ".") || streq(name, "..");

        parent = whole ? strdup(path) : name == path ? strdup(".") : strndup(path, (size_t) (name - path));
        if (!parent)
                return error_oom(error);
        *ret = open(*parent ? parent : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        *ret_name = whole ? "." : name;
        return *ret < 0 ? error_set_errno(error, negative_errno(), step, path) : 0;
}

static _noreturn_ void end(int r, const Error *error) {
        _cleanup_free_ char *text = r < 0 ? error_render(error) : NULL;

        if (r < 0)
                (void) dprintf(STDERR_FILENO, "berth: %s\n", text ? text : errno_text(-r));
        _exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int copy_in(const char *path, TarFlags flags, int *socket, Error *error) {
        _cleanup_close_ int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const char *name = NULL;
        int r;

        if (dir < 0) {
                r = open_place(path, &dir, &name, error);
                if (r < 0)
                        return r;
                if (streq(name, "."))
                        return error_set(error, ERROR_FAILED, ENOENT, step, path, NULL);
        }
        *socket = fd_close(*socket);
        (void) umask(0);
        r = tar_extract(STDIN_FILENO, dir, name, flags, error);
        end(r, error);
}

static int copy_out(const char *path, int *socket, Error *error) {
        _cleanup_close_ int dir = -EBADF;
        const char *name;
        struct stat st;
        int r = open_place(path, &dir, &name, error);

        if (r < 0)
                return r;
        if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return error_set_errno(error, negative_errno(), step, path);
        *socket = fd_close(*socket);
        r = tar_write(STDOUT_FILENO, dir, name, name, error);
        if (r >= 0)
                r = tar_write_end(STDOUT_FILENO, error);
        end(r, error);
}

int copy_run(bool in, const char *path, TarFlags flags, int *socket, Error *error) {
        (void) signal(SIGPIPE, SIG_IGN);
        return in ? copy_in(path, flags, socket, error) : copy_out(path, socket, error);
}
