/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth explain: a command joins a machine and is looked over the shoulder, to say what was refused to it and why. */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "exec-call.h"
#include "fd-util.h"
#include "foreground.h"
#include "string-util.h"
#include "verbs.h"

/* The report is complete when the tracer has ended, which is when the other end is closed. */
static int print_report(int fd, Error *error) {
        enum { REPORT_MAX = 1024 * 1024 };
        _cleanup_free_ char *text = NULL;
        int r = fd_read_all(fd, REPORT_MAX, &text, NULL);

        if (r < 0)
                return error_set_errno(error, r, "reading what was refused", NULL);
        fprintf(stderr, "%s", isempty(text) ? "the command could not be traced to its end\n" : text);
        return 0;
}

static int run(const char *name, char *const *command, const Spec *spec, const int *stdio, int signals, Error *error) {
        _cleanup_session_ Session session = SESSION_NULL;
        int fd, r = exec_call(name, command, spec, EXEC_EXPLAIN, stdio, &fd, error);

        if (r >= 0)
                r = session_open(fd, name, &session, error);
        if (r < 0)
                return r;
        session.is_command = true;
        return foreground_run(&session, signals, /* terminal= */ NULL, error);
}

static int explain_verb(const Call *call, Error *error) {
        char *const *command = call->operands + 1;
        _cleanup_close_ int ours = -EBADF, theirs = -EBADF, signals = -EBADF;
        int pair[2], status, r;

        if (*command && streq(*command, "--"))
                command++;
        if (!*command)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the arguments of", "explain",
                                 "there is no command");

        signals = foreground_block_signals();
        if (signals < 0)
                return error_set_errno(error, signals, "blocking signals", NULL);
        if (pipe2(pair, O_CLOEXEC) < 0)
                return error_set_errno(error, negative_errno(), "making a pipe", NULL);
        ours = pair[0];
        theirs = pair[1];

        status = run(call->operands[0], command, call->spec, (const int[]){ 0, 1, 2, theirs }, signals, error);
        if (status < 0)
                return status;
        theirs = fd_close(theirs);
        r = print_report(ours, error);
        return r < 0 ? r : status;
}

static const char *const explain_settings[] = { "Environment", "User", "WorkingDirectory", "Capability", "DropCapability", NULL };

const Verb verb_explain = {
        .names = "explain",
        .operands = "NAME COMMAND…",
        .least = 2,
        .most = SIZE_MAX,
        .flags = VERB_SETTINGS | VERB_COMMAND | VERB_MACHINE_STATUS,
        .settings = explain_settings,
        .help = "Execute a command in a machine and say what would grant what it was refused",
        .details =
                "The command is executed as berth exec does. Its system calls, and those of all that it starts, are traced from "
                "outside of the machine; each that was refused is told on standard error once it has ended, with the setting "
                "that would grant it. A program may well ask for what it can do without: not each line is a fault.",
        .run = explain_verb,
};
