/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <unistd.h>

#include "string-util.h"
#include "strv.h"

static int explain(const char *path, int r, Error *error) {
        if (r == -ENOENT && access(path, F_OK) >= 0)
                return error_set(error, ERROR_COMMAND_NOT_EXECUTABLE, ENOENT, "executing the command", path,
                                 "it is there, but the interpreter or loader that it asks for is not");
        if (r == -ENOENT || r == -ENOTDIR)
                return error_set(error, ERROR_COMMAND_NOT_FOUND, -r, "executing the command", path,
                                 "no such file in the machine");
        if (r == -EACCES || r == -ENOEXEC || r == -EISDIR || r == -EPERM)
                return error_set(error, ERROR_COMMAND_NOT_EXECUTABLE, -r, "executing the command", path, NULL);
        return error_set_errno(error, r, "executing the command", path);
}

/* As execvpe(3) does: a directory that has no such command, or one that may not be executed, does not end the search. */
static int search(char *const *argv, char *const *environment, Error *error) {
        const char *path = strv_env_get(environment, "PATH");
        _cleanup_strv_free_ char **directories = NULL;
        _cleanup_free_ char *denied = NULL;

        if (strv_split(strempty(path), ":", &directories) < 0)
                return error_oom(error);

        STRV_FOREACH(directory, directories) {
                _cleanup_free_ char *candidate = str_format("%s/%s", *directory, argv[0]);
                int r;

                if (!candidate)
                        return error_oom(error);
                (void) execve(candidate, argv, environment);
                r = negative_errno();
                if (r == -EACCES) {
                        if (!denied)
                                denied = TAKE_PTR(candidate);
                        continue;
                }
                if (r != -ENOTDIR && (r != -ENOENT || access(candidate, F_OK) >= 0))
                        return explain(candidate, r, error);
        }

        if (denied)
                return explain(denied, -EACCES, error);
        return error_set(error, ERROR_COMMAND_NOT_FOUND, ENOENT, "executing the command", argv[0],
                         "the machine has no such command in PATH=%s", strempty(path));
}

int command_execute(char *const *argv, char *const *environment, Error *error) {
        if (!strchr(argv[0], '/'))
                return search(argv, environment, error);

        (void) execve(argv[0], argv, environment);
        return explain(argv[0], negative_errno(), error);
}
