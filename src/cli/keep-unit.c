/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keep-unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "config.h"
#include "fd-util.h"
#include "program.h"
#include "spec-json.h"
#include "string-util.h"

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
