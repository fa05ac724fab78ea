/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth exec: a command joins a machine that runs. */

#include <unistd.h>

#include "client.h"
#include "exec-call.h"
#include "foreground.h"
#include "string-util.h"
#include "strv.h"
#include "verbs.h"

typedef struct ExecOptions {
        bool interactive, terminal, detach, privileged;
} ExecOptions;

static const Option exec_options[] = {
        { "interactive|i", &type_boolean, offsetof(ExecOptions, interactive),
          "Keep standard input connected; always so in the foreground" },
        { "tty|terminal|t", &type_boolean, offsetof(ExecOptions, terminal),
          "Give the command a terminal of its own, shown on this one" },
        { "detach|d", &type_boolean, offsetof(ExecOptions, detach),
          "Return once the command was executed, and leave it to itself" },
        { "privileged", &type_boolean, offsetof(ExecOptions, privileged), "With all capabilities that there are in the machine" },
        {},
};

/* The command joins with this terminal's type, unless another was asked for. */
static int pass_terminal_type(Spec *spec, Error *error) {
        const char *type = getenv("TERM");
        _cleanup_free_ char *item = isempty(type) ? NULL : str_format("TERM=%s", type);

        if (!item || strv_env_get(spec->environment, "TERM") || str_is_unprintable(type, ""))
                return 0;
        return setting_add(setting_by_name("Environment"), spec, item, error);
}

static int run(const char *name, char *const *command, const Spec *spec, const ExecOptions *options, Error *error) {
        const ExecFlags flags = (options->terminal ? EXEC_TERMINAL : 0) | (options->privileged ? EXEC_PRIVILEGED : 0) |
                                (options->detach ? EXEC_DETACH : 0);
        static const int stdio[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
        _cleanup_session_ Session session = SESSION_NULL;
        int signals, fd, r;

        if (options->detach) {
                r = exec_call(name, command, spec, flags, stdio, &fd, error);
                if (r >= 0)
                        (void) close(fd);
                return r < 0 ? r : EXIT_SUCCESS;
        }

        signals = foreground_block_signals();
        if (signals < 0)
                return error_set_errno(error, signals, "blocking signals", NULL);
        r = exec_call(name, command, spec, flags, stdio, &fd, error);
        if (r >= 0)
                r = session_open(fd, name, &session, error);
        if (r >= 0) {
                session.is_command = true;
                r = foreground_run(&session, signals, options->terminal, error);
        }
        (void) close(signals);
        return r;
}

static int exec_verb(const Call *call, Error *error) {
        const ExecOptions *options = call->options;
        char *const *command = call->operands + 1;
        int r;

        /* What stands in a unit file as berth exec NAME -- COMMAND. */
        if (*command && streq(*command, "--"))
                command++;
        if (!*command)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the arguments of", "exec", "there is no command");
        if (options->detach && options->interactive)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the options", NULL,
                                 "--interactive does not go with --detach: nobody would be there");

        r = options->terminal ? pass_terminal_type(call->spec, error) : 0;
        return r < 0 ? r : run(call->operands[0], command, call->spec, options, error);
}

static const char *const exec_settings[] = { "Environment", "User", "WorkingDirectory", "Capability", "DropCapability", NULL };

const Verb verb_exec = {
        .names = "exec",
        .operands = "NAME COMMAND…",
        .least = 2,
        .most = SIZE_MAX,
        .flags = VERB_SETTINGS | VERB_COMMAND | VERB_MACHINE_STATUS,
        .settings = exec_settings,
        .options = exec_options,
        .size = sizeof(ExecOptions),
        .help = "Execute a command in a machine that runs",
        .details =
                "The command joins all of the machine: namespaces, cgroup, limits, and what confines it. Where nothing else is "
                "said it has the user, the directory and the environment of the machine's own command.\n\n"
                "Streams, signals and the exit status are as with berth run. A command that has a terminal gets SIGHUP when "
                "berth dies; ^]^]^] leaves it running. Without a terminal it goes on.",
        .run = exec_verb,
};
