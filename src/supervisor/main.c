/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth-supervisor: never called by hand. berthd starts it as the spawner, `berth run --keep-unit` in place of itself. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <unistd.h>

#include "config.h"
#include "fd-util.h"
#include "log.h"
#include "parse-util.h"
#include "spawner.h"
#include "spec-json.h"
#include "supervisor.h"

typedef enum Option {
        OPTION_SPAWNER = 0x100,
        OPTION_KEEP_UNIT,
        OPTION_SPEC,
        OPTION_PLAN,
        OPTION_VERSION,
} Option;

typedef struct Arguments {
        int spawner;             /* descriptors, -EBADF where not given */
        int spec;
        bool keep_unit, plan;
} Arguments;

static int take_fd(const char *text, int *ret) {
        uint32_t fd;

        if (parse_u32(text, &fd) < 0 || fd > INT32_MAX || fcntl((int) fd, F_SETFD, FD_CLOEXEC) < 0) {
                log_error("'%s' is no open descriptor", text);
                return -EBADF;
        }
        *ret = (int) fd;
        return 0;
}

/* 1 to go on, 0 to end well, or a negative errno. */
static int read_arguments(int argc, char *argv[], Arguments *arguments) {
        static const struct option options[] = {
                { "spawner", required_argument, NULL, OPTION_SPAWNER },
                { "keep-unit", no_argument, NULL, OPTION_KEEP_UNIT },
                { "spec", required_argument, NULL, OPTION_SPEC },
                { "plan", no_argument, NULL, OPTION_PLAN },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        int c, r;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                r = 0;
                switch (c) {
                case OPTION_SPAWNER:   r = take_fd(optarg, &arguments->spawner); break;
                case OPTION_SPEC:      r = take_fd(optarg, &arguments->spec); break;
                case OPTION_KEEP_UNIT: arguments->keep_unit = true; break;
                case OPTION_PLAN:      arguments->plan = true; break;
                case OPTION_VERSION:   return puts("berth-supervisor " BERTH_VERSION) < 0 ? -EIO : 0;
                default:               return -EINVAL;
                }
                if (r < 0)
                        return r;
        }

        if (optind != argc || arguments->keep_unit == (arguments->spawner >= 0) ||
            arguments->keep_unit != (arguments->spec >= 0)) {
                log_error("this program is started by berthd and berth, see berth-internals(7)");
                return -EINVAL;
        }
        return 1;
}

static int run_keep_unit(const Arguments *arguments, const Title *title) {
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_close_ int fd = arguments->spec;
        _cleanup_free_ char *text = NULL;
        Spec *spec;
        int r = fd_read_all(fd, 4 * 1024 * 1024, &text, NULL);

        if (r >= 0)
                r = spec_from_json(text, &spec, &error);
        if (r < 0)
                return log_failure(r, &error, NULL), error_kind_to_exit_status(error.kind);
        return supervisor_main_keep_unit(spec, arguments->plan, title);
}

int main(int argc, char *argv[]) {
        _cleanup_error_ Error error = ERROR_NULL;
        Arguments arguments = { .spawner = -EBADF, .spec = -EBADF };
        Title title = title_of(argc, argv);
        int r;

        log_setup("berth");
        r = read_arguments(argc, argv, &arguments);
        if (r <= 0)
                return r < 0 ? 125 : EXIT_SUCCESS;
        if (arguments.keep_unit)
                return run_keep_unit(&arguments, &title);

        r = spawner_run(arguments.spawner, &title, &error);
        if (r < 0)
                return log_failure(r, &error, NULL), EXIT_FAILURE;
        return r;
}
