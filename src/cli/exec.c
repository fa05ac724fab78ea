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
        DetachKeys detach_keys;
} ExecOptions;

static const Option exec_options[] = {
        { "interactive|i", &type_boolean, offsetof(ExecOptions, interactive),
          "Keep standard input connected; always so in the foreground" },
        { "tty|terminal|t", &type_boolean, offsetof(ExecOptions, terminal),
          "Give the command a terminal of its own, shown on this one" },
        { "detach|d", &type_boolean, offsetof(ExecOptions, detach),
          "Return once the command was executed, and leave it to itself" },
        DETACH_KEYS_OPTION(ExecOptions),
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
        DetachKeys keys = options->detach_keys;
        int signals, fd, r = detach_keys_default(&keys, error);

        if (r < 0)
                return r;
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
                r = foreground_run(&session, signals, options->terminal ? &keys : NULL, error);
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

/* Shells */

typedef struct ShellOptions {
        char *user;
        DetachKeys detach_keys;
} ShellOptions;

static const Option shell_options[] = {
        { "uid|user|u", &type_user, offsetof(ShellOptions, user), "As this user of the machine (default: root)" },
        DETACH_KEYS_OPTION(ShellOptions),
        {},
};

static int shell_verb(const Call *call, Error *error) {
        const ShellOptions *options = call->options;
        const ExecOptions exec = { .terminal = isatty(STDIN_FILENO), .detach_keys = options->detach_keys };
        const char *operand = call->operands[0], *at = strchr(operand, '@');
        _cleanup_free_ char *user = at ? strndup(operand, (size_t) (at - operand))
                                       : strdup(options->user ? options->user : "root");
        _cleanup_spec_ Spec *spec = spec_new();
        int r;

        if (!user || !spec)
                return error_oom(error);
        r = setting_assign(setting_by_name("User"), spec, user, error);
        if (r >= 0)
                r = exec.terminal ? pass_terminal_type(spec, error) : 0;
        /* Without words of its own it is the user's shell. */
        return r < 0 ? r : run(at ? at + 1 : operand, call->operands + 1, spec, &exec, error);
}

const Verb verb_shell = {
        .names = "shell",
        .operands = "[USER@]NAME [COMMAND…]",
        .least = 1,
        .most = SIZE_MAX,
        .flags = VERB_COMMAND | VERB_MACHINE_STATUS,
        .options = shell_options,
        .size = sizeof(ShellOptions),
        .help = "A shell in a machine that runs",
        .details =
                "The user's own, as a login shell, or COMMAND instead of it; with a terminal where berth has one. The rest is as with "
                "berth exec.",
        .run = shell_verb,
};

typedef struct LoginOptions {
        DetachKeys detach_keys;
} LoginOptions;

static const Option login_options[] = {
        DETACH_KEYS_OPTION(LoginOptions),
        {},
};

static int login_verb(const Call *call, Error *error) {
        const LoginOptions *options = call->options;
        char *const command[] = { (char *) "login", (char *) "-p", NULL };
        _cleanup_spec_ Spec *spec = spec_new();
        int r;

        if (!spec)
                return error_oom(error);
        if (!isatty(STDIN_FILENO))
                return error_set(error, ERROR_INVALID_VALUE, ENOTTY, "opening a login", call->operands[0],
                                 "that takes a terminal; berth shell and berth exec do without");
        r = setting_assign(setting_by_name("User"), spec, "root", error);
        if (r >= 0)
                r = pass_terminal_type(spec, error);
        return r < 0 ? r
                     : run(call->operands[0], command, spec,
                           &(const ExecOptions){ .terminal = true, .detach_keys = options->detach_keys }, error);
}

const Verb verb_login = {
        .names = "login",
        .operands = "NAME",
        .least = 1,
        .most = 1,
        .flags = VERB_MACHINE_STATUS,
        .options = login_options,
        .size = sizeof(LoginOptions),
        .help = "Log in to a machine that runs, with name and password",
        .details = "Its own login(1) asks and opens the session, so the machine has to have one; berth shell asks nobody.",
        .run = login_verb,
};
