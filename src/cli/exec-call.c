/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec-call.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"
#include "fd-util.h"
#include "login-shell.h"
#include "spec-bus.h"
#include "strv.h"
#include "terminal-size-bus.h"
#include "terminal.h"

#define MACHINES_DIRECTORY "/run/berth/machines"

static int append_arguments(sd_bus_message *m, char *const *command, const Spec *spec, ExecFlags flags, const int *stdio) {
        static const char *const streams[] = { "StandardInput", "StandardOutput", "StandardError" };
        static const struct {
                ExecFlags flag;
                const char *key;
        } keys[] = { { EXEC_TERMINAL, "Terminal" }, { EXEC_PRIVILEGED, "Privileged" }, { EXEC_DETACH, "Detach" },
                     { EXEC_COPY_IN, "CopyIn" },    { EXEC_COPY_OUT, "CopyOut" },      { EXEC_KEEP_OWNER, "KeepOwner" } };
        const struct winsize size = terminal_size();
        int r = sd_bus_message_append_strv(m, (char **) command);

        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = spec_append_bus(spec, m);
        for (size_t i = 0; i < ELEMENTSOF(keys) && r >= 0; i++)
                if (flags & keys[i].flag)
                        r = sd_bus_message_append(m, "{sv}", keys[i].key, "b", true);
        for (size_t i = 0; i < ELEMENTSOF(streams) && r >= 0; i++)
                if (!(flags & (EXEC_TERMINAL | EXEC_DETACH)))
                        r = sd_bus_message_append(m, "{sv}", streams[i], "h", stdio[i]);
        if (r >= 0 && flags & EXEC_TERMINAL)
                r = terminal_size_append_bus(m, &size);
        if (r >= 0 && flags & EXEC_EXPLAIN)
                r = sd_bus_message_append(m, "{sv}", "Explain", "h", stdio[3]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* A connection to the supervisor; a negative errno where that is not possible, and the bus is the way. */
static int connect_supervisor(const char *name, sd_bus **ret) {
        _cleanup_close_ int fd = -EBADF;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_bus_ sd_bus *bus = NULL;
        int r;

        if (geteuid() != 0 || spec_check_name(name, NULL) < 0)
                return -EPERM;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return negative_errno();
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s/control", MACHINES_DIRECTORY, name);
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return negative_errno();

        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fd, fd);
        if (r < 0)
                return r;
        TAKE_FD(fd);
        r = sd_bus_negotiate_fds(bus, true);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

static int new_call(const char *name, sd_bus **ret_bus, sd_bus_message **ret, Error *error) {
        int r;

        if (connect_supervisor(name, ret_bus) >= 0) {
                r = sd_bus_message_new_method_call(*ret_bus, ret, NULL, "/org/berth1/supervisor", "org.berth1.Supervisor",
                                                   "Exec");
                return r < 0 ? error_set_errno(error, r, "calling the machine", name) : 0;
        }

        r = client_open(ret_bus, error);
        if (r >= 0)
                r = client_new_call(*ret_bus, ret, "ExecMachine", error);
        if (r < 0)
                return r;
        r = sd_bus_message_append(*ret, "s", name);
        return r < 0 ? error_set_errno(error, r, "writing the call", "ExecMachine") : 0;
}

int exec_call(const char *name, char *const *command, const Spec *spec, ExecFlags flags, const int *stdio, int *ret,
              Error *error) {
        _cleanup_message_ sd_bus_message *message = NULL, *reply = NULL;
        _cleanup_strv_free_ char **shell = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = new_call(name, &bus, &message, error);

        if (r < 0)
                return r;
        /* berthd, which asks for another right then, finds the shell by itself. */
        if (!*command && !sd_bus_message_get_destination(message)) {
                r = login_shell_command(spec->user ? spec->user : "root", &shell);
                if (r < 0)
                        return error_oom(error);
        }
        r = append_arguments(message, shell ? shell : command, spec, flags, stdio);
        if (r < 0)
                return error_set_errno(error, r, "writing the call", "ExecMachine");
        r = client_call(bus, message, &reply, error);
        return r < 0 ? r : client_read_fd(reply, ret, error);
}
