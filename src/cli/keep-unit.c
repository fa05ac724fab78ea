/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keep-unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "config.h"
#include "fd-util.h"
#include "file-util.h"
#include "program.h"
#include "setting.h"
#include "spec-json.h"
#include "string-util.h"
#include "tree-find.h"

int keep_unit_exec(const Spec *spec, bool plan, Error *error) {
        _cleanup_free_ char *json = NULL, *argument = NULL;
        _cleanup_close_ int fd = -EBADF, program = -EBADF;
        int r;

        if (geteuid() != 0)
                return error_set(error, ERROR_ACCESS_DENIED, EPERM, "setting the machine up", NULL,
                                 "with --keep-unit berth does it itself, for which it has to be root");

        r = spec_to_json(spec, SPEC_JSON_ASSIGNED, &json);
        if (r < 0)
                return error_set_errno(error, r, "writing the spec", NULL);

        fd = fd_from_data("berth-spec", json, strlen(json));
        if (fd < 0)
                return error_set_errno(error, fd, "writing the spec", NULL);

        argument = str_format("--spec=%i", fd);
        if (!argument)
                return error_oom(error);

        /* The one descriptor beside 0, 1 and 2 that the supervisor is to inherit. */
        if (fcntl(fd, F_SETFD, 0) < 0)
                return error_set_errno(error, negative_errno(), "passing the spec on", NULL);

        program = program_open(BERTH_SUPERVISOR, error);
        if (program < 0)
                return program;
        r = program_execute(program, (char *[]){ (char *) "berth-supervisor", (char *) "--keep-unit", argument,
                                                 plan ? (char *) "--plan" : NULL, NULL });
        return error_set_errno(error, r, "executing", BERTH_SUPERVISOR);
}

/* 0 with *ret NULL: there is none. */
static int read_kept(const char *name, Spec **ret, Error *error) {
        _cleanup_free_ char *path = str_format(BERTH_STATE_DIR "/machines/%s/spec.json", name), *text = NULL;
        int r = path ? file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &text, NULL) : -ENOMEM;

        *ret = NULL;
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_set_errno(error, r, "reading the kept settings", path);
        r = spec_from_json(text, ret, error);
        if (r < 0)
                return r;
        /* The folder has the name, as the machine may have been renamed; and what was measured was another run. */
        (*ret)->timing_usec = 0;
        return 0;
}

/* As systemd-nspawn@.service does it: booted, and what the settings file says counts more. */
static int find_installed(const char *name, Spec **ret, Error *error) {
        _cleanup_spec_ Spec *spec = spec_new();
        int r;

        if (!spec)
                return error_oom(error);
        r = tree_find(name, &spec->root, error);
        if (r >= 0)
                r = setting_assign(setting_by_name("Boot"), spec, "yes", error);
        if (r < 0)
                return r;
        spec->settings_mode = SETTINGS_OVERRIDE;
        spec->remove = true;
        *ret = TAKE_PTR(spec);
        return 0;
}

int keep_unit_start(const char *name, Error *error) {
        _cleanup_spec_ Spec *spec = NULL;
        int r = spec_check_name(name, error);

        if (r >= 0)
                r = read_kept(name, &spec, error);
        if (r >= 0 && !spec)
                r = find_installed(name, &spec, error);
        if (r < 0)
                return r;
        return str_replace(&spec->name, name) < 0 ? error_oom(error) : keep_unit_exec(spec, /* plan= */ false, error);
}
