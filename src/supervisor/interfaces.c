/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "interfaces.h"

#include <inttypes.h>
#include <signal.h>

#include "console.h"
#include "exec.h"
#include "fd-util.h"
#include "live-binds.h"
#include "live-limits.h"
#include "pause.h"
#include "pin.h"
#include "setting.h"
#include "spec-bus.h"
#include "string-util.h"
#include "terminal-size-bus.h"
#include "terminals.h"
#include "timeline-bus.h"

int reply_error(sd_bus_message *call, const Error *error) {
        _cleanup_free_ char *text = error_render(error);

        return sd_bus_reply_method_errorf(call, error_kind_to_dbus(error->kind), "%s", text ? text : errno_text(ENOMEM));
}

int reply_result(sd_bus_message *call, const State *state) {
        return sd_bus_reply_method_return(call, "sis", machine_result_to_string(state->result), state->status,
                                          strempty(state->reason));
}

static int reply_fd(sd_bus_message *call, int fd) {
        _cleanup_close_ int owned = fd;

        return sd_bus_reply_method_return(call, "h", owned);
}

/* Many D-Bus tools, busctl among them, say Hello to whatever they are connected to; there is no bus to name them. */
static int method_hello(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        return sd_bus_reply_method_return(call, "s", ":1.1");
}

static const sd_bus_vtable hello_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Hello", NULL, "s", method_hello, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

/* org.berth1.Supervisor */

static int method_start(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        Supervisor *s = connection_supervisor(userdata);

        if (!connection_is_link(userdata) || s->start_call)
                return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
                                        "Only the manager that made the machine starts it, once.");
        s->start_call = sd_bus_message_ref(call);
        return 1;
}

static int method_scope_ready(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        Supervisor *s = connection_supervisor(userdata);

        if (!connection_is_link(userdata))
                return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
                                        "Only the manager that made the machine knows its scope.");
        (void) timeline_read_bus(call, &s->timeline);
        (void) sd_bus_reply_method_return(call, NULL);
        supervisor_dispatch(s, EVENT_SCOPE_READY);
        return 1;
}

static int method_scope_failed(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        if (!connection_is_link(userdata))
                return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
                                        "Only the manager that made the machine knows its scope.");
        (void) sd_bus_reply_method_return(call, NULL);
        supervisor_dispatch(connection_supervisor(userdata), EVENT_SCOPE_FAILED);
        return 1;
}

static int method_stop(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        /* First, so that whoever has the answer finds the machine stopping. */
        supervisor_dispatch(connection_supervisor(userdata), EVENT_STOP);
        return sd_bus_reply_method_return(call, NULL);
}

static int signal_leader(Supervisor *s, int signal, sd_bus_error *error) {
        int r;

        if (signal <= 0 || signal > SIGRTMAX)
                return sd_bus_error_setf(error, error_kind_to_dbus(ERROR_INVALID_VALUE), "There is no signal %i.", signal);
        if (!pidref_is_set(&s->leader))
                return sd_bus_error_setf(error, error_kind_to_dbus(ERROR_MACHINE_NOT_RUNNING), "Machine '%s' is not running yet.",
                                         s->spec->name);
        supervisor_note_signal(s, signal);
        r = pidref_kill(&s->leader, signal);
        if (r == -ESRCH)
                return sd_bus_error_setf(error, error_kind_to_dbus(ERROR_MACHINE_NOT_RUNNING), "Machine '%s' has just ended.",
                                         s->spec->name);
        return r;
}

static int method_kill(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        Supervisor *s = connection_supervisor(userdata);
        const char *whom;
        int32_t signal;
        int r = sd_bus_message_read(call, "si", &whom, &signal);

        if (r < 0)
                return r;

        if (streq(whom, "leader"))
                r = signal_leader(s, signal, error);
        else if (streq(whom, "all")) {
                r = signal_leader(s, signal, error);
                if (r >= 0)
                        r = cgroup_signal_payload(&s->cgroup, signal);
        } else
                return sd_bus_error_setf(error, error_kind_to_dbus(ERROR_INVALID_VALUE), "'%s' is neither leader nor all.", whom);
        return r < 0 ? r : sd_bus_reply_method_return(call, NULL);
}

static int method_bind(sd_bus_message *call, void *userdata, sd_bus_error *ret_error) {
        _cleanup_error_ Error error = ERROR_NULL;
        const char *text;
        int r = sd_bus_message_read(call, "s", &text);

        if (r < 0)
                return r;
        r = live_binds_add(connection_supervisor(userdata), text, &error);
        return r < 0 ? reply_error(call, &error) : sd_bus_reply_method_return(call, NULL);
}

static int method_unbind(sd_bus_message *call, void *userdata, sd_bus_error *ret_error) {
        _cleanup_error_ Error error = ERROR_NULL;
        const char *target;
        int r = sd_bus_message_read(call, "s", &target);

        if (r < 0)
                return r;
        r = live_binds_remove(connection_supervisor(userdata), target, &error);
        return r < 0 ? reply_error(call, &error) : sd_bus_reply_method_return(call, NULL);
}

static int method_set_limits(sd_bus_message *call, void *userdata, sd_bus_error *ret_error) {
        _cleanup_error_ Error error = ERROR_NULL;
        int r = live_limits_set(connection_supervisor(userdata), call, &error);

        return r < 0 ? reply_error(call, &error) : 1;
}

static int method_pin(sd_bus_message *call, void *userdata, sd_bus_error *ret_error) {
        _cleanup_error_ Error error = ERROR_NULL;
        const char *kind, *path;
        int r = sd_bus_message_read(call, "ss", &kind, &path);

        if (r < 0)
                return r;
        r = pin_namespace(connection_supervisor(userdata), kind, path, &error);
        return r < 0 ? reply_error(call, &error) : sd_bus_reply_method_return(call, NULL);
}

static int method_pause(sd_bus_message *call, void *userdata, sd_bus_error *ret_error) {
        _cleanup_error_ Error error = ERROR_NULL;
        int r = pause_begin(connection_supervisor(userdata), call, &error);

        return r < 0 ? reply_error(call, &error) : 1;
}

static int method_unpause(sd_bus_message *call, void *userdata, sd_bus_error *ret_error) {
        _cleanup_error_ Error error = ERROR_NULL;
        int r = pause_end(connection_supervisor(userdata), &error);

        return r < 0 ? reply_error(call, &error) : sd_bus_reply_method_return(call, NULL);
}

static int method_get_state(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        Supervisor *s = connection_supervisor(userdata);
        _cleanup_free_ char *text = NULL;
        int r = state_to_json(&s->state, &text);

        return r < 0 ? r : sd_bus_reply_method_return(call, "s", text);
}

/* A manager that came later takes us into its view: it will collect what we leave, and tell its clients. */
static int method_adopt(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        connection_supervisor(userdata)->managed = true;
        return method_get_state(call, userdata, error);
}

static int method_open_session(sd_bus_message *call, void *userdata, sd_bus_error *ret_error) {
        _cleanup_error_ Error error = ERROR_NULL;
        int fd, r = connection_open_session(connection_supervisor(userdata), &fd, &error);

        return r < 0 ? reply_error(call, &error) : reply_fd(call, fd);
}

static int read_exec_option(const char *key, sd_bus_message *m, void *userdata, Error *error) {
        static const char *const streams[] = { "StandardInput", "StandardOutput", "StandardError" };
        ExecRequest *request = userdata;
        const struct {
                const char *key;
                bool *field;
        } flags[] = { { "Terminal", &request->terminal },
                      { "Privileged", &request->privileged },
                      { "Detach", &request->detach }, { "CopyIn", &request->copy_in },
                      { "CopyOut", &request->copy_out },  { "KeepOwner", &request->keep_owner } };
        int value, r;

        for (size_t i = 0; i < ELEMENTSOF(streams); i++)
                if (streq(key, streams[i])) {
                        r = sd_bus_message_read_basic(m, 'h', &request->stdio[i]);
                        return r < 0 ? error_set_errno(error, r, "reading the call", key) : 1;
                }
        if (streq(key, TERMINAL_SIZE_KEY)) {
                r = terminal_size_read_bus(m, &request->terminal_size, error);
                return r < 0 ? r : 1;
        }
        if (streq(key, "Explain")) {
                r = sd_bus_message_read_basic(m, 'h', &request->report);
                return r < 0 ? error_set_errno(error, r, "reading the call", key) : 1;
        }
        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                if (streq(key, flags[i].key)) {
                        r = sd_bus_message_read_basic(m, 'b', &value);
                        *flags[i].field = r >= 0 && value;
                        return r < 0 ? error_set_errno(error, r, "reading the call", key) : 1;
                }
        return 0;
}

static int read_exec(sd_bus_message *call, ExecRequest *request, Error *error) {
        const Setting *parameters = setting_by_name("Parameters");
        const char *word;
        int r = sd_bus_message_enter_container(call, 'a', "s");

        request->spec = spec_new();
        if (!request->spec)
                return error_oom(error);
        while (r >= 0 && (r = sd_bus_message_read_basic(call, 's', &word)) > 0)
                if (setting_add(parameters, request->spec, word, error) < 0)
                        return -EINVAL;
        if (r >= 0)
                r = sd_bus_message_exit_container(call);
        if (r < 0)
                return error_set_errno(error, r, "reading the call", "Exec");
        return spec_read_bus(request->spec, call, read_exec_option, request, error);
}

/* The manager, or root itself over the control socket: the descriptors are of whoever is to be served. */
static int method_exec(sd_bus_message *call, void *userdata, sd_bus_error *ret_error) {
        _cleanup_exec_request_ ExecRequest request = { .stdio = { -EBADF, -EBADF, -EBADF }, .report = -EBADF };
        _cleanup_error_ Error error = ERROR_NULL;
        int r = read_exec(call, &request, &error);

        if (r >= 0)
                r = exec_begin(connection_supervisor(userdata), &request, call, NULL, &error);
        return r < 0 ? reply_error(call, &error) : 1;
}

static const sd_bus_vtable supervisor_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Start", SD_BUS_NO_ARGS, SD_BUS_RESULT("u", leader), method_start, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ScopeReady", SD_BUS_ARGS("a(st)", timeline), SD_BUS_NO_RESULT, method_scope_ready,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ScopeFailed", SD_BUS_ARGS("s", reason), SD_BUS_NO_RESULT, method_scope_failed,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Stop", NULL, NULL, method_stop, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Kill", SD_BUS_ARGS("s", whom, "i", signal), SD_BUS_NO_RESULT, method_kill,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Bind", SD_BUS_ARGS("s", mount), SD_BUS_NO_RESULT, method_bind, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Unbind", SD_BUS_ARGS("s", target), SD_BUS_NO_RESULT, method_unbind, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetLimits", SD_BUS_ARGS("a{sv}", settings, "as", properties), SD_BUS_NO_RESULT,
                                method_set_limits, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Pin", SD_BUS_ARGS("s", kind, "s", path), SD_BUS_NO_RESULT, method_pin,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Pause", NULL, NULL, method_pause, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Unpause", NULL, NULL, method_unpause, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetState", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json), method_get_state,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Adopt", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json), method_adopt, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenSession", SD_BUS_NO_ARGS, SD_BUS_RESULT("h", session), method_open_session,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Exec", SD_BUS_ARGS("as", command, "a{sv}", options), SD_BUS_RESULT("h", session), method_exec,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("StateChanged", SD_BUS_ARGS("s", json), 0),
        SD_BUS_VTABLE_END,
};

/* org.berth1.Session */

static int method_wait(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        int r = connection_wait(userdata, call);

        if (r == -EBUSY)
                return sd_bus_error_set(error, SD_BUS_ERROR_FAILED, "This session waits already.");
        return r < 0 ? r : 1;
}

/* To the init of a system these say other things (systemd(1), "Signals"): who sits in front of it wants it to end. */
static bool means_stop(const Supervisor *s, int signal) {
        return s->spec->boot && (signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT);
}

static int method_session_kill(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        Supervisor *s = connection_supervisor(userdata);
        Exec *exec = connection_exec(userdata);
        int32_t signal;
        int r = sd_bus_message_read(call, "i", &signal);

        if (r < 0)
                return r;
        if (exec)
                exec_signal(exec, signal);
        else if (means_stop(s, signal))
                supervisor_dispatch(s, EVENT_STOP);
        else
                r = signal_leader(s, signal, error);
        return r < 0 ? r : sd_bus_reply_method_return(call, NULL);
}

/* Of the start: ours and the manager's steps. Empty where nobody asked to measure. */
static int method_timeline(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = sd_bus_message_new_method_return(call, &reply);

        if (r >= 0)
                r = timeline_append_bus(reply, &connection_supervisor(userdata)->timeline);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* Where what a machine without a terminal writes is to be seen instead. */
static const char *where_it_writes(const Supervisor *s) {
        if (streq_ptr(s->state.log, "passthrough"))
                return "what it writes goes to whoever started it";
        if (streq_ptr(s->state.log, "none"))
                return "what it writes is not recorded (--log=none)";
        return "what it writes is in berth logs";
}

/* The terminal that a session is of. */
static int get_console(Connection *c, Console **ret, sd_bus_error *error) {
        Supervisor *s = connection_supervisor(c);
        Exec *exec = connection_exec(c);

        *ret = exec ? exec_console(exec) : terminals_get(s, connection_terminal(c));
        if (*ret)
                return 0;
        if (exec)
                return sd_bus_error_setf(error, error_kind_to_dbus(ERROR_NOT_SUPPORTED),
                                         "The command in machine '%s' has no terminal.", s->spec->name);
        return sd_bus_error_setf(error, error_kind_to_dbus(ERROR_NOT_SUPPORTED), "Machine '%s' has no terminal: %s.",
                                 s->spec->name, where_it_writes(s));
}

/* For what comes: Attach() and Resize(). */
static int method_select_terminal(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const Supervisor *s = connection_supervisor(userdata);
        uint32_t number;
        int r = sd_bus_message_read(call, "u", &number);

        if (r < 0)
                return r;
        if (number > 0 && (connection_exec(userdata) || !terminals_get(s, number)))
                return sd_bus_error_setf(error, error_kind_to_dbus(ERROR_INVALID_VALUE),
                                         "%s '%s' has no terminal %" PRIu32 ": besides the console, which is 0, it has %" PRIu32
                                         " (Terminals=).",
                                         connection_exec(userdata) ? "The command in machine" : "Machine", s->spec->name, number,
                                         connection_exec(userdata) ? 0 : s->spec->terminals);
        connection_set_terminal(userdata, number);
        return sd_bus_reply_method_return(call, NULL);
}

static int method_attach(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        uint32_t rows, columns;
        Console *console;
        int fd, r = sd_bus_message_read(call, "uu", &rows, &columns);

        if (r >= 0)
                r = get_console(userdata, &console, error);
        if (r < 0)
                return r;

        console_resize(console, rows, columns);
        r = console_attach(console, &fd);
        return r < 0 ? r : reply_fd(call, fd);
}

static int method_resize(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        uint32_t rows, columns;
        Console *console;
        int r = sd_bus_message_read(call, "uu", &rows, &columns);

        if (r >= 0)
                r = get_console(userdata, &console, error);
        if (r < 0)
                return r;
        console_resize(console, rows, columns);
        return sd_bus_reply_method_return(call, NULL);
}

static int method_leave(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        Exec *exec = connection_exec(userdata);

        if (exec)
                exec_leave(exec);
        return sd_bus_reply_method_return(call, NULL);
}

static const sd_bus_vtable session_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Wait", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", result, "i", status, "s", reason), method_wait,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SelectTerminal", SD_BUS_ARGS("u", number), SD_BUS_NO_RESULT, method_select_terminal,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Attach", SD_BUS_ARGS("u", rows, "u", columns), SD_BUS_RESULT("h", stream), method_attach,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Resize", SD_BUS_ARGS("u", rows, "u", columns), SD_BUS_NO_RESULT, method_resize,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Kill", SD_BUS_ARGS("i", signal), SD_BUS_NO_RESULT, method_session_kill,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Timeline", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(st)", timeline), method_timeline,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Leave", NULL, NULL, method_leave, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int interfaces_add(sd_bus *bus, Connection *connection, ConnectionKind kind) {
        int r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/DBus", "org.freedesktop.DBus", hello_vtable, connection);

        if (r < 0)
                return r;
        if (kind == CONNECTION_SESSION)
                return sd_bus_add_object_vtable(bus, NULL, SESSION_PATH, SESSION_INTERFACE, session_vtable, connection);
        return sd_bus_add_object_vtable(bus, NULL, SUPERVISOR_PATH, SUPERVISOR_INTERFACE, supervisor_vtable, connection);
}
