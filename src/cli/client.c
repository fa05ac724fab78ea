/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client.h"

#include <stdarg.h>
#include <systemd/sd-daemon.h>

#include "agent.h"
#include "fd-util.h"
#include "log.h"

#define DESTINATION "org.berth1"
#define OBJECT "/org/berth1"
#define INTERFACE "org.berth1.Manager"

/* Longer than systemd may take to make a scope on a host that is starting a hundred of them. */
#define CALL_TIMEOUT_USEC (120 * USEC_PER_SEC)

#define DEFAULT_ADDRESS "unix:path=/run/dbus/system_bus_socket"

static int no_systemd(Error *error) {
        return error_set(error, ERROR_NO_SYSTEMD, EHOSTDOWN, "reaching the system bus", NULL,
                         "this system was not booted with systemd, which berth needs as PID 1");
}

static int no_bus(int r, Error *error) {
        const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");

        if (sd_booted() <= 0)
                return no_systemd(error);
        return error_set(error, ERROR_NO_BUS, -r, "connecting to the system bus", address ? address : DEFAULT_ADDRESS,
                         "%s; is D-Bus running? See systemctl status dbus.socket dbus.service", errno_text(r));
}

int client_open(sd_bus **ret, Error *error) {
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = sd_bus_open_system(&bus);

        if (r < 0)
                return no_bus(r, error);

        /* The user may be asked for a password by the agent of the session, where policy says so. */
        (void) sd_bus_set_allow_interactive_authorization(bus, true);
        (void) sd_bus_set_method_call_timeout(bus, CALL_TIMEOUT_USEC);
        *ret = TAKE_PTR(bus);
        return 0;
}

int client_open_patient(sd_bus **ret, Error *error) {
        int r = client_open(ret, error);

        if (r >= 0)
                (void) sd_bus_set_method_call_timeout(*ret, UINT64_MAX);
        return r;
}

/* What the bus itself says where it can't start berthd: sd-bus-errors(3), and dbus-daemon's Spawn.* for a failed start. */
static bool is_missing_service(const sd_bus_error *e) {
        return sd_bus_error_has_names(e, SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                                      "org.freedesktop.DBus.Error.TimedOut") ||
               startswith(e->name, "org.freedesktop.DBus.Error.Spawn.") || startswith(e->name, "org.freedesktop.systemd1.");
}

static bool is_denial(const sd_bus_error *e) {
        return sd_bus_error_has_names(e, SD_BUS_ERROR_ACCESS_DENIED, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED) ||
               streq(e->name, error_kind_to_dbus(ERROR_ACCESS_DENIED));
}

int client_failure(const sd_bus_error *e, int r, Error *error) {
        _cleanup_free_ char *text = NULL;
        int errnum;

        if (!e || !sd_bus_error_is_set(e))
                return error_set_errno(error, r, "calling berthd", NULL);

        errnum = sd_bus_error_get_errno(e);
        text = strdup(e->message ? e->message : e->name);
        if (!text)
                return error_oom(error);
        /* A hint may follow: others end their messages with a point. */
        if (*text && text[strlen(text) - 1] == '.')
                text[strlen(text) - 1] = '\0';

        if (is_denial(e))
                return error_set(error, ERROR_ACCESS_DENIED, EACCES, "calling berthd", NULL,
                                 "%s: this takes root, or a right that polkit gives (org.berth1(5))", text);
        if (startswith(e->name, "org.berth1.Error."))
                return error_set_rendered(error, error_kind_from_dbus(e->name), errnum, text);
        if (is_missing_service(e))
                return sd_booted() <= 0 ? no_systemd(error)
                                        : error_set(error, ERROR_FAILED, errnum, "starting berthd", NULL,
                                                    "%s; see systemctl status berthd.service", text);
        if (sd_bus_error_has_names(e, SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_TIMEOUT, SD_BUS_ERROR_DISCONNECTED))
                return error_set(error, ERROR_FAILED, errnum, "calling berthd", NULL,
                                 "it gave no answer (%s); see journalctl --unit=berthd.service", text);
        return error_set(error, ERROR_FAILED, errnum, "calling berthd", NULL, "%s", text);
}

int client_bad_reply(int r, Error *error) {
        return error_set(error, ERROR_FAILED, r < 0 ? -r : EBADMSG, "reading the answer of berthd", NULL,
                         "%s; berth and berthd may be of different versions", errno_text(r < 0 ? r : EBADMSG));
}

int client_new_call(sd_bus *bus, sd_bus_message **ret, const char *method, Error *error) {
        int r = sd_bus_message_new_method_call(bus, ret, DESTINATION, OBJECT, INTERFACE, method);

        return r < 0 ? error_set_errno(error, r, "calling berthd", method) : 0;
}

int client_call(sd_bus *bus, sd_bus_message *message, sd_bus_message **ret_reply, Error *error) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r = sd_bus_call(bus, message, /* usec= */ 0, &e, ret_reply);

        /* polkit refuses at once where nobody can be asked. On a terminal somebody can. */
        if (r < 0 && is_denial(&e) && agent_open() > 0) {
                sd_bus_error_free(&e);
                r = sd_bus_call(bus, message, /* usec= */ 0, &e, ret_reply);
        }
        return r < 0 ? client_failure(&e, r, error) : 0;
}

/* They came before the reply, so all that there are wait in the connection. */
void client_print_warnings(sd_bus *bus) {
        for (;;) {
                _cleanup_message_ sd_bus_message *message = NULL;
                const char *text;

                if (sd_bus_process(bus, &message) <= 0)
                        return;
                if (sd_bus_message_is_signal(message, INTERFACE, "Warning") && sd_bus_message_read(message, "s", &text) > 0)
                        log_warning("%s", text);
        }
}

int client_call_simple(sd_bus *bus, sd_bus_message **ret_reply, Error *error, const char *method, const char *types, ...) {
        _cleanup_message_ sd_bus_message *message = NULL;
        va_list ap;
        int r = client_new_call(bus, &message, method, error);

        if (r < 0)
                return r;

        va_start(ap, types);
        r = sd_bus_message_appendv(message, types, ap);
        va_end(ap);
        if (r < 0)
                return error_set_errno(error, r, "calling berthd", method);
        return client_call(bus, message, ret_reply, error);
}

static int read_properties(sd_bus_message *m, ClientPropertyReader read, void *userdata) {
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const char *name;

                r = sd_bus_message_read_basic(m, 's', &name);
                if (r >= 0)
                        r = read(name, m, userdata);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r;
}

int client_read_object(sd_bus *bus, const char *get, const char *interface, const char *name, ClientPropertyReader read,
                       void *userdata, char **ret_path, sd_bus_message **ret_reply, Error *error) {
        _cleanup_message_ sd_bus_message *found = NULL, *reply = NULL;
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *copy = NULL;
        const char *path;
        int r = client_call_simple(bus, &found, error, get, "s", name);

        if (r < 0)
                return r;
        r = sd_bus_message_read_basic(found, 'o', &path);
        if (r < 0)
                return client_bad_reply(r, error);
        copy = strdup(path);
        if (!copy)
                return error_oom(error);
        r = sd_bus_call_method(bus, DESTINATION, path, "org.freedesktop.DBus.Properties", "GetAll", &e, &reply, "s", interface);
        if (r < 0)
                return client_failure(&e, r, error);
        r = read_properties(reply, read, userdata);
        if (r < 0)
                return client_bad_reply(r, error);
        if (ret_path)
                *ret_path = TAKE_PTR(copy);
        *ret_reply = TAKE_PTR(reply);
        return 0;
}

int client_read_fd(sd_bus_message *reply, int *ret, Error *error) {
        int fd, r = sd_bus_message_read_basic(reply, SD_BUS_TYPE_UNIX_FD, &fd);

        if (r < 0)
                return client_bad_reply(r, error);

        /* The message keeps its own. */
        fd = fd_dup(fd);
        if (fd < 0)
                return error_set_errno(error, fd, "taking the session", NULL);
        *ret = fd;
        return 0;
}

int client_open_session(sd_bus *bus, const char *name, int *ret, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r = client_call_simple(bus, &reply, error, "OpenSession", "s", name);

        return r < 0 ? r : client_read_fd(reply, ret, error);
}
