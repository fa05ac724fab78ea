/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berthd, the manager: owner of org.berth1 on the system bus. */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "config.h"
#include "introspect.h"
#include "log.h"
#include "manager.h"
#include "sandbox.h"
#include "spawn.h"

/* It can't run here, and trying again will not help (RestartPreventExitStatus= of berthd.service). */
enum { EXIT_CANNOT_RUN = 78 };

static void print_help(void) {
        (void) printf(
                "berthd [OPTION]\n\n"
                "The manager of berth's machines, on the system bus as org.berth1. Started by systemd when it is called.\n\n"
                "  -h, --help                  Show this help\n"
                "      --version               Show the version\n"
                "      --introspect=INTERFACE  Print the D-Bus introspection XML of org.berth1.Manager, Machine, Network or Image\n");
}

/* 1: go on; else the exit status, or a negative errno. */
static int parse_options(int argc, char *argv[]) {
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'V' },
                { "introspect", required_argument, NULL, 'I' },
                {},
        };
        int c = getopt_long(argc, argv, "h", options, NULL), r;

        switch (c) {
        case -1:
                break;
        case 'h':
                print_help();
                return 0;
        case 'V':
                (void) printf("berth %s\n", BERTH_VERSION);
                return 0;
        case 'I':
                r = introspect_print(optarg);
                return r < 0 ? log_failure(r, NULL, optarg) : 0;
        default:
                return -EINVAL;
        }

        if (optind < argc) {
                log_error("berthd takes no arguments");
                return -EINVAL;
        }
        return 1;
}

static int check_host(Error *error) {
        if (geteuid() != 0)
                return error_set(error, ERROR_ACCESS_DENIED, EPERM, "starting berthd", NULL, "it must be root");
        if (sd_booted() <= 0)
                return error_set(error, ERROR_NO_SYSTEMD, ENOSYS, "starting berthd", NULL,
                                 "this host was not booted with systemd as PID 1");
        return 0;
}

static int run(Error *error) {
        _cleanup_(manager_freep) Manager *manager = NULL;
        int spawner, r;

        r = check_host(error);
        if (r >= 0)
                r = spawner_start(&spawner, error);
        if (r < 0)
                return r;

        /* From here on nothing that we do to ourselves reaches a supervisor. */
        (void) umask(0077);
        r = manager_new(&places_default, spawner, &manager, error);
        if (r >= 0)
                r = sandbox_enter(error);
        if (r >= 0)
                r = manager_start(manager, error);
        if (r < 0)
                return r;

        r = sd_event_loop(manager->event);
        return r < 0 ? error_set_errno(error, r, "running the event loop", NULL) : r;
}

/* They end as soon as we let go of them; a unit that stops with processes in it is worth a line to systemd. */
static void wait_for_helpers(void) {
        while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
                ;
}

int main(int argc, char *argv[]) {
        _cleanup_error_ Error error = ERROR_NULL;
        int r;

        log_setup("berthd");

        r = parse_options(argc, argv);
        if (r <= 0)
                return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;

        r = run(&error);
        wait_for_helpers();
        if (r < 0) {
                (void) log_failure(r, &error, NULL);
                return EXIT_CANNOT_RUN;
        }
        return r;
}
