/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kept.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "spec-json.h"
#include "string-util.h"

int kept_open(const Places *places) {
        _cleanup_free_ char *path = str_format("%s/machines", places->state);
        int r, fd;

        if (!path)
                return -ENOMEM;
        r = directory_make(places->state, 0755);
        if (r >= 0)
                r = directory_make(path, 0700);
        if (r < 0)
                return r;

        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? negative_errno() : fd;
}

static int open_machine(int kept_dir, const char *name) {
        int fd = openat(kept_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? negative_errno() : fd;
}

int kept_write_spec(int kept_dir, const char *name, const Spec *spec) {
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = spec_to_json(spec, SPEC_JSON_ASSIGNED, &text);
        if (r < 0)
                return r;

        if (mkdirat(kept_dir, name, 0700) < 0 && errno != EEXIST)
                return negative_errno();
        fd = open_machine(kept_dir, name);
        return fd < 0 ? fd : file_replace_at(fd, "spec.json", text, strlen(text), 0600);
}

int kept_read_spec(int kept_dir, const char *name, Spec **ret, Error *error) {
        static const char step[] = "reading the kept settings";
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = open_machine(kept_dir, name);
        int r;

        r = fd < 0 ? fd : file_read_at(fd, "spec.json", FILE_MAX_DEFAULT, &text, NULL);
        if (r < 0)
                return error_set_errno(error, r, step, name);
        r = spec_from_json(text, ret, error);
        if (r < 0)
                return r;
        /* That was about the run that it was made for. */
        (*ret)->timing_usec = 0;
        /* The folder has the name: it may have been renamed. */
        return str_replace(&(*ret)->name, name) < 0 ? error_oom(error) : 0;
}

int kept_write_result(int kept_dir, const char *name, const State *state) {
        _cleanup_close_ int fd = open_machine(kept_dir, name);

        return fd < 0 ? fd : state_write_at(fd, "result.json", state);
}

int kept_read_result(int kept_dir, const char *name, State *ret) {
        _cleanup_close_ int fd = open_machine(kept_dir, name);

        return fd < 0 ? fd : state_read_at(fd, "result.json", ret);
}

int kept_rename(int kept_dir, const char *name, const char *new_name) {
        return renameat2(kept_dir, name, kept_dir, new_name, RENAME_NOREPLACE) < 0 ? negative_errno() : 0;
}

bool kept_exists(int kept_dir, const char *name) {
        _cleanup_close_ int fd = open_machine(kept_dir, name);

        return fd >= 0 && faccessat(fd, "spec.json", F_OK, 0) >= 0;
}

int kept_remove(int kept_dir, const char *name) {
        _cleanup_close_ int fd = open_machine(kept_dir, name);

        /* First what makes it one: killed in the middle, the rest is no machine any more (kept_sweep()). */
        if (fd >= 0 && unlinkat(fd, "spec.json", 0) < 0 && errno != ENOENT)
                return negative_errno();
        return directory_remove_at(kept_dir, name);
}
