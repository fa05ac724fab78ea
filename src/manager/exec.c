/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec.h"

#include "forward.h"
#include "login-shell.h"
#include "run-request.h"
#include "setting.h"
#include "spec-bus.h"
#include "string-util.h"
#include "strv.h"
#include "terminal-size-bus.h"

static const char step[] = "reading the call";

/* The settings that make sense for a process of a machine that is there. */
static const char *const taken[] = { "Environment", "User", "WorkingDirectory", "Capability", "DropCapability" };

typedef struct ExecCall {
        Spec *spec;
        char **command;
        bool terminal, privileged, detach, copy_in, copy_out, keep_owner;
        int standard_fds[3];     /* the message's, or -EBADF */
        int report;              /* likewise */
        struct winsize size;     /* of the caller's terminal */
} ExecCall;

static void free_data(void *data) {
        ExecCall *c = data;

        spec_free(c->spec);
        strv_free(c->command);
        free(c);
}

static int read_option(const char *key, sd_bus_message *m, void *userdata, Error *error) {
        ExecCall *c = userdata;
        const struct {
                const char *key;
                bool *field;
        } flags[] = { { "Terminal", &c->terminal }, { "Privileged", &c->privileged }, { "Detach", &c->detach },
                      { "CopyIn", &c->copy_in },    { "CopyOut", &c->copy_out },      { "KeepOwner", &c->keep_owner } };
        int value, r = run_request_read_stream(key, m, c->standard_fds, error);

        if (r != 0)
                return r;
        if (streq(key, TERMINAL_SIZE_KEY)) {
                r = terminal_size_read_bus(m, &c->size, error);
                return r < 0 ? r : 1;
        }
        if (streq(key, "Explain")) {
                r = sd_bus_message_read_basic(m, 'h', &c->report);
                return r < 0 ? error_set(error, ERROR_INVALID_VALUE, EINVAL, step, key, "it takes a descriptor (h)") : 1;
        }
        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                if (streq(key, flags[i].key)) {
                        r = sd_bus_message_read_basic(m, 'b', &value);
                        if (r < 0)
                                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, key, "it takes a boolean (b)");
                        *flags[i].field = value;
                        return 1;
                }
        return 0;
}

static int check_settings(const Spec *spec, Error *error) {
        FOREACH_SETTING(s) {
                bool found = !setting_is_assigned(s, spec);

                for (size_t i = 0; i < ELEMENTSOF(taken) && !found; i++)
                        found = streq(s->name, taken[i]);
                if (!found)
                        return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, s->name,
                                         "it is of a machine, not of a command that joins one");
        }
        return 0;
}

/* Without a command it is the user's shell, which is a right of its own. */
static int take_shell(Call *call, ExecCall *c, Error *error) {
        if (c->copy_in || c->copy_out)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, "command", "it is empty, and a path is needed");
        call->action = ACTION_SHELL;
        return login_shell_command(c->spec->user ? c->spec->user : "root", &c->command) < 0 ? error_oom(error) : 0;
}

/* What polkit, and a rule of the administrator, decides by. */
static int describe(Call *call, const ExecCall *c, Error *error) {
        if (!streq(call->action, ACTION_SHELL)) {
                call->command = strv_join(c->command, " ");
                if (!call->command)
                        return error_oom(error);
        }
        if (c->privileged || spec_first_host_setting(c->spec))
                call->action = ACTION_RUN_PRIVILEGED;
        return 0;
}

int exec_read(Call *call, Error *error) {
        ExecCall *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return error_oom(error);
        *c = (ExecCall){ .spec = spec_new(), .standard_fds = { -EBADF, -EBADF, -EBADF }, .report = -EBADF };
        call->data = c;
        call->free_data = free_data;
        if (!c->spec)
                return error_oom(error);

        r = call_read_name(call, error);
        if (r < 0)
                return r;
        r = sd_bus_message_read_strv(call->message, &c->command);
        if (r < 0)
                return error_set_errno(error, r, step, NULL);
        r = spec_read_bus(c->spec, call->message, read_option, c, error);
        if (r >= 0)
                r = check_settings(c->spec, error);
        if (r >= 0 && strv_length(c->command) == 0)
                r = take_shell(call, c, error);
        return r < 0 ? r : describe(call, c, error);
}

static int write_call(sd_bus_message *m, const ExecCall *c) {
        static const char *const streams[] = { "StandardInput", "StandardOutput", "StandardError" };
        int r = sd_bus_message_append_strv(m, c->command);

        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = spec_append_bus(c->spec, m);
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}{sv}", "Terminal", "b", (int) c->terminal, "Privileged", "b",
                                          (int) c->privileged, "Detach", "b", (int) c->detach);
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}{sv}", "CopyIn", "b", (int) c->copy_in, "CopyOut", "b", (int) c->copy_out,
                                          "KeepOwner", "b", (int) c->keep_owner);
        for (size_t i = 0; i < ELEMENTSOF(streams) && r >= 0; i++)
                if (c->standard_fds[i] >= 0)
                        r = sd_bus_message_append(m, "{sv}", streams[i], "h", c->standard_fds[i]);
        if (r >= 0)
                r = terminal_size_append_bus(m, &c->size);
        if (r >= 0 && c->report >= 0)
                r = sd_bus_message_append(m, "{sv}", "Explain", "h", c->report);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int exec_run(Call *call, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Link *link;
        int r = forward_begin(call, "Exec", &link, &m, error);

        if (r < 0)
                return r;
        r = write_call(m, call->data);
        return r < 0 ? error_set_errno(error, r, "talking to the machine", call->name) : forward(call, link, m, "h", error);
}
