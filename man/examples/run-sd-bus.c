/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Runs a command in a machine with this process's own streams and ends with its exit status, with sd-bus:
 * run-sd-bus TREE COMMAND [ARGUMENT…]
 *
 *   cc run-sd-bus.c -o run-sd-bus $(pkg-config --cflags --libs libsystemd)
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

static int fail(const char *what, int r, const sd_bus_error *error) {
        fprintf(stderr, "run-sd-bus: %s: %s\n", what, error && error->message ? error->message : strerror(-r));
        return 125;
}

static int new_call(sd_bus *bus, char **arguments, sd_bus_message **ret) {
        int r = sd_bus_message_new_method_call(bus, ret, "org.berth1", "/org/berth1", "org.berth1.Manager", "RunMachine");

        if (r >= 0)
                r = sd_bus_message_append(*ret, "ss", /* picked after the tree */ "", arguments[0]);
        if (r >= 0)
                r = sd_bus_message_append_strv(*ret, arguments + 1);
        if (r >= 0)
                r = sd_bus_message_append(*ret, "a{sv}", 5, "Remove", "b", 1, "Ephemeral", "b", 1, "StandardInput", "h",
                                          STDIN_FILENO, "StandardOutput", "h", STDOUT_FILENO, "StandardError", "h",
                                          STDERR_FILENO);
        return r;
}

/* On the session the supervisor itself answers, when the machine has ended: no bus is needed for that any more. */
static int wait_for_end(int fd) {
        sd_bus_message *call = NULL, *reply = NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        const char *result, *reason;
        sd_bus *session = NULL;
        int status, r;

        r = sd_bus_new(&session);
        if (r >= 0)
                r = sd_bus_set_fd(session, fd, fd);
        if (r >= 0)
                r = sd_bus_start(session);
        if (r >= 0)
                r = sd_bus_message_new_method_call(session, &call, NULL, "/org/berth1/session", "org.berth1.Session", "Wait");
        if (r >= 0)
                r = sd_bus_call(session, call, UINT64_MAX, &error, &reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "sis", &result, &status, &reason);
        if (r < 0)
                return fail("waiting", r, &error);

        if (strcmp(result, "exited") != 0) {
                fprintf(stderr, "run-sd-bus: %s %s\n", result, reason);
                status += 128;
        }
        sd_bus_error_free(&error);
        sd_bus_message_unref(call);
        sd_bus_message_unref(reply);
        sd_bus_close_unref(session);
        return status;
}

int main(int argc, char **argv) {
        sd_bus_message *call = NULL, *reply = NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus *bus = NULL;
        int fd, r;

        if (argc < 3) {
                fprintf(stderr, "usage: run-sd-bus TREE COMMAND…\n");
                return 125;
        }
        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = new_call(bus, argv + 1, &call);
        if (r >= 0)
                r = sd_bus_call(bus, call, /* usec= */ 0, &error, &reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "soh", NULL, NULL, &fd);
        if (r < 0)
                return fail("running the machine", r, &error);

        /* The message owns its descriptor. */
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        sd_bus_error_free(&error);
        sd_bus_message_unref(call);
        sd_bus_message_unref(reply);
        sd_bus_flush_close_unref(bus);
        return fd < 0 ? EXIT_FAILURE : wait_for_end(fd);
}
