/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What went wrong, as the user will read it.
 *
 * Inside berth, a function that fails returns a negative errno. Where a person can act on the failure, it
 * also fills an Error: which step failed, on which object, and why. The Error travels unchanged across
 * process borders (from the leader to the supervisor over a pipe, on to the manager and to the caller as a
 * D-Bus error), and is rendered once, at the edge. A function either fills an Error or logs, never both.
 *
 * ErrorKind is the machine-readable side: one table (error.c) gives each kind its D-Bus name and the exit
 * status of a foreground run.
 */

#include "macro.h"

typedef enum ErrorKind {
        ERROR_FAILED,                 /* anything without a kind of its own */
        ERROR_NO_SUCH_MACHINE,
        ERROR_MACHINE_EXISTS,
        ERROR_MACHINE_RUNNING,        /* the machine runs, which the call does not allow */
        ERROR_MACHINE_NOT_RUNNING,
        ERROR_MACHINE_PAUSED,
        ERROR_MACHINE_NOT_PAUSED,
        ERROR_INVALID_NAME,
        ERROR_UNKNOWN_SETTING,
        ERROR_INVALID_VALUE,
        ERROR_NO_SUCH_TREE,
        ERROR_NOT_A_TREE,             /* there, but without /usr, or not a directory */
        ERROR_EXPOSED_TREE,           /* writable, and other users of the host could reach into it */
        ERROR_COMMAND_NOT_FOUND,
        ERROR_COMMAND_NOT_EXECUTABLE,
        ERROR_NO_SUCH_USER,           /* in the machine */
        ERROR_ACCESS_DENIED,
        ERROR_NOT_SUPPORTED,          /* by this kernel, file system or systemd */
        ERROR_NO_RANGE,               /* no free range of user ids, no free name */
        ERROR_NO_SYSTEMD,
        ERROR_NO_BUS,
        ERROR_REFUSED_BY_SYSTEMD,     /* systemd did not take a property or a unit: its own words are the reason */
        ERROR_START_FAILED,           /* the supervisor or the leader ended in the middle of a start */
        ERROR_LIMIT_REACHED,
        ERROR_NO_SUCH_NETWORK,
        ERROR_NETWORK_EXISTS,
        ERROR_NETWORK_IN_USE,         /* a machine is on it, which the call does not allow */
        ERROR_ADDRESS_TAKEN,          /* by another machine, or the host has a use for it */
        ERROR_PORT_TAKEN,             /* on the host */
        ERROR_NO_SUCH_IMAGE,
        ERROR_IMAGE_EXISTS,
        ERROR_IMAGE_IN_USE,           /* a machine is made from it, or another program holds its lock */
        _ERROR_KIND_MAX,
} ErrorKind;

typedef struct Error {
        ErrorKind kind;
        int errnum;          /* positive errno, 0 where the reason alone says it */
        char *step;          /* what was being done, as a gerund: "opening the tree" */
        char *object;        /* what it was done to: a path, a setting, a machine name; may be NULL */
        char *reason;        /* why it failed, and what is allowed instead; may be NULL */
} Error;

#define ERROR_NULL (Error){ .kind = ERROR_FAILED }

/* Releases the content; the object can be used again. Accepts NULL. */
void error_done(Error *error);
#define _cleanup_error_ _cleanup_(error_done)

/*
 * Fills an error and returns -errnum (or -EINVAL where errnum is 0). An error that is set already keeps its
 * content: the origin knows best. ERROR may be NULL: then only the return value counts. OBJECT may be NULL;
 * FORMAT may be NULL where the errno says it all. Returns a negative errno in every case, which is what the
 * caller returns: return error_set(...).
 */
int error_set(Error *error, ErrorKind kind, int errnum, const char *step, const char *object, const char *format, ...)
        _printf_(6, 7);

/* error_set() with kind ERROR_FAILED and a negative errno as most functions return it. */
int error_set_errno(Error *error, int r, const char *step, const char *object);

/* -ENOMEM, with the error set: memory is short. */
int error_oom(Error *error);

/*
 * An error that another process has rendered (a D-Bus error's message): error_render() gives TEXT back as it
 * is. Returns as error_set() does.
 */
int error_set_rendered(Error *error, ErrorKind kind, int errnum, const char *text);

/* Whether anything was set. */
static inline bool error_is_set(const Error *error) {
        return error && (error->step || error->reason);
}

/* The one line a user reads: "opening the tree '/srv/x': No such file or directory". The caller frees it; NULL without memory. */
char *error_render(const Error *error);

/* D-Bus names: "org.berth1.Error.NoSuchMachine". kind_from_dbus gives ERROR_FAILED for a name that is not berth's. */
const char *error_kind_to_dbus(ErrorKind kind);
ErrorKind error_kind_from_dbus(const char *name);

/* The exit status of a foreground run that failed like this: 125, 126 or 127, as docker(1) has them. */
int error_kind_to_exit_status(ErrorKind kind);
