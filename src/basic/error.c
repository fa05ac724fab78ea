/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

/* The D-Bus name of a kind. */
#define N(suffix) "org.berth1.Error." suffix

/* The one table of error kinds: D-Bus name, exit status of a foreground run. */
static const struct {
        const char *dbus;
        int exit_status;
} error_kinds[] = {
        [ERROR_FAILED]                 = { N("Failed"),               125 },
        [ERROR_NO_SUCH_MACHINE]        = { N("NoSuchMachine"),        125 },
        [ERROR_MACHINE_EXISTS]         = { N("MachineExists"),        125 },
        [ERROR_MACHINE_RUNNING]        = { N("MachineRunning"),       125 },
        [ERROR_MACHINE_NOT_RUNNING]    = { N("MachineNotRunning"),    125 },
        [ERROR_MACHINE_PAUSED]         = { N("MachinePaused"),        125 },
        [ERROR_MACHINE_NOT_PAUSED]     = { N("MachineNotPaused"),     125 },
        [ERROR_INVALID_NAME]           = { N("InvalidName"),          125 },
        [ERROR_UNKNOWN_SETTING]        = { N("UnknownSetting"),       125 },
        [ERROR_INVALID_VALUE]          = { N("InvalidValue"),         125 },
        [ERROR_NO_SUCH_TREE]           = { N("NoSuchTree"),           125 },
        [ERROR_NOT_A_TREE]             = { N("NotATree"),             125 },
        [ERROR_EXPOSED_TREE]           = { N("ExposedTree"),          125 },
        [ERROR_COMMAND_NOT_FOUND]      = { N("CommandNotFound"),      127 },
        [ERROR_COMMAND_NOT_EXECUTABLE] = { N("CommandNotExecutable"), 126 },
        [ERROR_NO_SUCH_USER]           = { N("NoSuchUser"),           125 },
        [ERROR_ACCESS_DENIED]          = { N("AccessDenied"),         125 },
        [ERROR_NOT_SUPPORTED]          = { N("NotSupported"),         125 },
        [ERROR_NO_RANGE]               = { N("NoRange"),              125 },
        [ERROR_NO_SYSTEMD]             = { N("NoSystemd"),            125 },
        [ERROR_NO_BUS]                 = { N("NoBus"),                125 },
        [ERROR_REFUSED_BY_SYSTEMD]     = { N("RefusedBySystemd"),     125 },
        [ERROR_START_FAILED]           = { N("StartFailed"),          125 },
        [ERROR_LIMIT_REACHED]          = { N("LimitReached"),         125 },
        [ERROR_NO_SUCH_NETWORK]        = { N("NoSuchNetwork"),        125 },
        [ERROR_NETWORK_EXISTS]         = { N("NetworkExists"),        125 },
        [ERROR_NETWORK_IN_USE]         = { N("NetworkInUse"),         125 },
        [ERROR_ADDRESS_TAKEN]          = { N("AddressTaken"),         125 },
        [ERROR_PORT_TAKEN]             = { N("PortTaken"),            125 },
        [ERROR_NO_SUCH_IMAGE]          = { N("NoSuchImage"),          125 },
        [ERROR_IMAGE_EXISTS]           = { N("ImageExists"),          125 },
        [ERROR_IMAGE_IN_USE]           = { N("ImageInUse"),           125 },
};
#undef N
static_assert(ELEMENTSOF(error_kinds) == _ERROR_KIND_MAX, "each error kind has a row");

const char *errno_text(int errnum) {
        const char *text = strerrordesc_np(errnum < 0 ? -errnum : errnum);
        return text ? text : "Unknown error";
}

void error_done(Error *error) {
        if (!error)
                return;
        free(error->step);
        free(error->object);
        free(error->reason);
        *error = ERROR_NULL;
}

int error_set(Error *error, ErrorKind kind, int errnum, const char *step, const char *object, const char *format, ...) {
        int r = errnum > 0 ? -errnum : -EINVAL;

        assert(kind < _ERROR_KIND_MAX);

        if (!error || error_is_set(error))
                return r;

        error->kind = kind;
        error->errnum = errnum;
        error->step = strdup(step);
        error->object = object ? strdup(object) : NULL;
        if (format) {
                va_list ap;

                va_start(ap, format);
                if (vasprintf(&error->reason, format, ap) < 0)
                        error->reason = NULL;
                va_end(ap);
        }

        return r;
}

int error_set_errno(Error *error, int r, const char *step, const char *object) {
        return error_set(error, ERROR_FAILED, r < 0 ? -r : EIO, step, object, NULL);
}

int error_oom(Error *error) {
        return error_set(error, ERROR_FAILED, ENOMEM, "allocating memory", NULL, NULL);
}

int error_set_rendered(Error *error, ErrorKind kind, int errnum, const char *text) {
        assert(kind < _ERROR_KIND_MAX);

        if (error && !error_is_set(error)) {
                error->kind = kind;
                error->errnum = errnum;
                error->reason = strdup(text);
        }
        return errnum > 0 ? -errnum : -EINVAL;
}

char *error_render(const Error *error) {
        const char *reason = error->reason ? error->reason : errno_text(error->errnum);
        char *text;
        int r;

        if (!error->step)
                r = asprintf(&text, "%s", reason);
        else if (error->object)
                r = asprintf(&text, "%s '%s': %s", error->step, error->object, reason);
        else
                r = asprintf(&text, "%s: %s", error->step, reason);

        return r < 0 ? NULL : text;
}

const char *error_kind_to_dbus(ErrorKind kind) {
        assert(kind < _ERROR_KIND_MAX);
        return error_kinds[kind].dbus;
}

ErrorKind error_kind_from_dbus(const char *name) {
        for (ErrorKind kind = 0; kind < _ERROR_KIND_MAX; kind++)
                if (streq_ptr(name, error_kinds[kind].dbus))
                        return kind;

        return ERROR_FAILED;
}

int error_kind_to_exit_status(ErrorKind kind) {
        assert(kind < _ERROR_KIND_MAX);
        return error_kinds[kind].exit_status;
}
