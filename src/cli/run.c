/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth run, berth create: a new machine. */

#include <stdio.h>
#include <unistd.h>

#include "client.h"
#include "fd-util.h"
#include "foreground.h"
#include "keep-unit.h"
#include "output.h"
#include "run.h"
#include "spec-bus.h"
#include "string-util.h"
#include "strv.h"
#include "terminal-size-bus.h"
#include "terminal.h"
#include "tree-find.h"
#include "verbs.h"

typedef struct RunOptions {
        bool interactive, terminal, detach, remove, plan, keep_unit, timing;
        char *name, *directory;
        SettingsMode settings;
        DetachKeys detach_keys;
} RunOptions;

static int parse_settings_mode(void *field, const char *text) {
        return settings_mode_from_string(text, field);
}

static int format_settings_mode(const void *field, char **ret) {
        *ret = strdup(settings_mode_to_string(*(const SettingsMode *) field));
        return *ret ? 0 : -ENOMEM;
}

static void clear_settings_mode(void *field) {
        *(SettingsMode *) field = SETTINGS_YES;
}

const SettingType type_settings_mode = {
        .name = "settings", .metavar = "MODE", .signature = "s",
        .allowed = "yes, no, override or trusted",
        .parse = parse_settings_mode, .format = format_settings_mode, .clear = clear_settings_mode,
};

#define FIELD(field) offsetof(RunOptions, field)

static const Option run_options[] = {
        { "interactive|i", &type_boolean, FIELD(interactive), "Keep standard input connected; always so in the foreground" },
        { "tty|terminal|t", &type_boolean, FIELD(terminal), "Give the command a terminal of its own, shown on this one" },
        { "detach|d", &type_boolean, FIELD(detach), "Print the machine's name once it runs, and leave it to itself" },
        DETACH_KEYS_OPTION(RunOptions),
        { "rm|remove", &type_boolean, FIELD(remove), "Forget the machine when it has ended" },
        { "name|machine|M", &type_string, FIELD(name), "Name of the machine (default: picked after the tree)" },
        { "directory|D", &type_string, FIELD(directory), "Path of the tree; all arguments are the command" },
        { "settings", &type_settings_mode, FIELD(settings), "Read settings files: yes, no, override or trusted" },
        { "plan", &type_boolean, FIELD(plan), "Print what would be done, and do nothing" },
        { "keep-unit", &type_boolean, FIELD(keep_unit), "Run in the calling unit instead of a scope, for ExecStart=" },
        { "timing", &type_boolean, FIELD(timing), "Print on standard error how long each step of the start took" },
        {},
};

#undef FIELD

/* As systemd-nspawn does it: what is made from a template is the machine's own, and has its name. */
static int tree_of_name(const RunOptions *options, char **ret, Error *error) {
        int r;

        if (!options->name)
                return error_set(
                        error, ERROR_NO_SUCH_TREE, EINVAL, "reading the arguments", "--template",
                        "what is the new tree to be called? Give the machine a --name, or the tree's path as --directory");
        r = spec_check_name(options->name, error);
        if (r < 0)
                return r;
        *ret = str_format("/var/lib/machines/%s", options->name);
        return *ret ? 0 : error_oom(error);
}

/* Who, from what and what to run: into the spec, where all of it belongs. */
static int read_operands(const RunOptions *options, char **operands, Spec *spec, Error *error) {
        int r;

        if (options->directory)
                r = tree_from_path(options->directory, &spec->root, error);
        else if (spec->template_tree)
                r = tree_of_name(options, &spec->root, error);
        else if (*operands)
                r = tree_find(*operands++, &spec->root, error);
        else
                r = error_set(error, ERROR_NO_SUCH_TREE, EINVAL, "reading the arguments", NULL,
                              "which tree? Give a path, or the name of one in /var/lib/machines; see berth run --help");
        if (r < 0)
                return r;

        STRV_FOREACH(word, operands)
                if (!str_is_utf8(*word))
                        return error_set(error, ERROR_INVALID_VALUE, EILSEQ, "reading the command", *word,
                                         "it is no valid UTF-8");
        if (!str_is_utf8(spec->root))
                return error_set(error, ERROR_INVALID_VALUE, EILSEQ, "finding the tree", spec->root,
                                 "the path is no valid UTF-8");

        STRV_FOREACH(word, operands) {
                r = setting_add(setting_by_name("Parameters"), spec, *word, error);
                if (r < 0)
                        return r;
        }

        /* The console of a system that boots is a terminal. */
        spec->terminal = options->terminal || spec->boot;
        spec->timing_usec = options->timing ? timeline_now() : 0;
        spec->remove = options->remove;
        spec->settings_mode = options->settings;
        r = options->name ? spec_check_name(options->name, error) : 0;
        return r < 0 ? r : str_replace(&spec->name, options->name) < 0 ? error_oom(error) : 0;
}

static int check_options(const RunOptions *options, Error *error) {
        static const char step[] = "reading the options";

        if (options->keep_unit && options->detach)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, NULL,
                                 "--keep-unit does not go with --detach: the unit is what detaches it");
        if (options->detach && options->interactive && !options->terminal)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, NULL,
                                 "--interactive goes with --detach only where --tty gives the command a standard input");
        return 0;
}

int run_append_extras(sd_bus_message *message, bool terminal, bool remove, uint64_t timing, bool pass_stdio) {
        static const char *const stdio[] = { "StandardInput", "StandardOutput", "StandardError" };
        const struct winsize size = terminal_size();
        int r = 0;

        if (terminal)
                r = sd_bus_message_append(message, "{sv}", "Terminal", "b", true);
        if (r >= 0 && terminal)
                r = terminal_size_append_bus(message, &size);
        if (r >= 0 && remove)
                r = sd_bus_message_append(message, "{sv}", "Remove", "b", true);
        if (r >= 0 && timing > 0)
                r = sd_bus_message_append(message, "{sv}", "Timing", "t", timing);
        for (int fd = STDIN_FILENO; r >= 0 && pass_stdio && fd <= STDERR_FILENO; fd++)
                r = sd_bus_message_append(message, "{sv}", stdio[fd], "h", fd);
        return r;
}

static int new_run_call(sd_bus *bus, const char *method, const Spec *spec, bool pass_stdio, sd_bus_message **ret, Error *error) {
        _cleanup_message_ sd_bus_message *message = NULL;
        _cleanup_spec_ Spec *rest = spec_copy(spec);
        int r;

        if (!rest)
                return error_oom(error);

        r = client_new_call(bus, &message, method, error);
        if (r < 0)
                return r;

        /* The command has an argument of its own, so it is left out of the dictionary. */
        (void) setting_assign(setting_by_name("Parameters"), rest, "", NULL);

        r = sd_bus_message_append(message, "ss", strempty(spec->name), spec->root);
        if (r >= 0)
                r = sd_bus_message_append_strv(message, spec->parameters);
        if (r >= 0)
                r = sd_bus_message_open_container(message, 'a', "{sv}");
        if (r >= 0)
                r = spec_append_bus(rest, message);
        if (r >= 0 && spec->settings_mode != SETTINGS_YES)
                r = sd_bus_message_append(message, "{sv}", "Settings", "s", settings_mode_to_string(spec->settings_mode));
        if (r >= 0)
                r = run_append_extras(message, spec->terminal, spec->remove, spec->timing_usec, pass_stdio);
        if (r >= 0 && spec->streams)
                r = sd_bus_message_append(message, "{sv}", "Terminal", "b", false);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        if (r < 0)
                return error_set_errno(error, r, "writing the call", method);

        *ret = TAKE_PTR(message);
        return 0;
}

static int print_plan(sd_bus *bus, const Spec *spec, Error *error) {
        _cleanup_message_ sd_bus_message *message = NULL, *reply = NULL;
        const char *plan;
        int r = new_run_call(bus, "PlanMachine", spec, /* pass_stdio= */ false, &message, error);

        if (r >= 0)
                r = client_call(bus, message, &reply, error);
        client_print_warnings(bus);
        if (r < 0)
                return r;

        r = sd_bus_message_read_basic(reply, 's', &plan);
        if (r < 0)
                return client_bad_reply(r, error);
        return print_lines(plan) < 0 ? error_oom(error) : EXIT_SUCCESS;
}

/* The time line of a start that was measured, with our own part of it. */
static int print_timeline(Session *session, uint64_t begin, uint64_t answered, Error *error) {
        _cleanup_timeline_ Timeline timeline = { .begin = begin };
        int r;

        if (begin == 0)
                return 0;
        timeline_add(&timeline, "berth: has the answer", answered);
        r = session_timeline(session, &timeline, error);
        if (r >= 0)
                timeline_print(&timeline, stderr);
        return r;
}

/* The same without staying: what is printed is known once the machine runs. */
static int print_timeline_of(sd_bus_message *reply, const char *name, uint64_t begin, Error *error) {
        _cleanup_session_ Session session = SESSION_NULL;
        uint64_t answered = timeline_now();
        int fd, r = client_read_fd(reply, &fd, error);

        if (r >= 0)
                r = session_open(fd, name, &session, error);
        return r < 0 ? r : print_timeline(&session, begin, answered, error);
}

int run_stay(sd_bus **bus, const char *name, int session_fd, int signals, const DetachKeys *terminal, uint64_t timing,
             Error *error) {
        _cleanup_session_ Session session = SESSION_NULL;
        uint64_t answered = timeline_now();
        int r = session_open(session_fd, name, &session, error);

        if (r >= 0)
                r = print_timeline(&session, timing, answered, error);
        if (r < 0)
                return r;
        *bus = sd_bus_flush_close_unref(*bus);
        return foreground_run(&session, signals, terminal, error);
}

/* RunMachine; the name is the reply's. */
static int call_run(sd_bus *bus, const Spec *spec, bool pass_stdio, sd_bus_message **ret_reply, const char **ret_name,
                    Error *error) {
        _cleanup_message_ sd_bus_message *message = NULL, *reply = NULL;
        int r = new_run_call(bus, "RunMachine", spec, pass_stdio, &message, error);

        if (r >= 0)
                r = client_call(bus, message, &reply, error);
        client_print_warnings(bus);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "so", ret_name, NULL);
        if (r < 0)
                return client_bad_reply(r, error);
        *ret_reply = TAKE_PTR(reply);
        return 0;
}

static int run_detached(sd_bus *bus, const Spec *spec, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *name;
        int r = call_run(bus, spec, /* pass_stdio= */ false, &reply, &name, error);

        if (r >= 0 && spec->timing_usec > 0)
                r = print_timeline_of(reply, name, spec->timing_usec, error);
        if (r < 0)
                return r;
        return puts(name) < 0 ? error_set_errno(error, negative_errno(), "printing the name", name) : EXIT_SUCCESS;
}

int run_start(sd_bus *bus, const Spec *spec, bool pass_stdio, char **ret_name, int *ret_session, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_free_ char *owned = NULL;
        const char *name;
        int r = call_run(bus, spec, pass_stdio, &reply, &name, error);

        if (r < 0)
                return r;
        owned = strdup(name);
        if (!owned)
                return error_oom(error);
        r = client_read_fd(reply, ret_session, error);
        if (r >= 0)
                *ret_name = TAKE_PTR(owned);
        return r;
}

static int run(sd_bus **bus, const Spec *spec, const DetachKeys *keys, Error *error) {
        _cleanup_close_ int signals = -EBADF, fd = -EBADF;
        _cleanup_free_ char *name = NULL;
        int r;

        signals = foreground_block_signals();
        if (signals < 0)
                return error_set_errno(error, signals, "blocking signals", NULL);

        r = run_start(*bus, spec, /* pass_stdio= */ !spec->terminal, &name, &fd, error);
        return r < 0 ? r : run_stay(bus, name, TAKE_FD(fd), signals, spec->terminal ? keys : NULL, spec->timing_usec, error);
}

static int run_verb(const Call *call, Error *error) {
        const RunOptions *options = call->options;
        DetachKeys keys = options->detach_keys;
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = check_options(options, error);

        if (r >= 0)
                r = detach_keys_default(&keys, error);
        if (r >= 0)
                r = read_operands(options, call->operands, call->spec, error);
        if (r < 0)
                return r;
        if (options->keep_unit)
                return keep_unit_exec(call->spec, options->plan, error);

        r = client_open_patient(&bus, error);
        if (r < 0)
                return r;
        if (options->plan)
                return print_plan(bus, call->spec, error);
        return options->detach ? run_detached(bus, call->spec, error) : run(&bus, call->spec, &keys, error);
}

const Verb verb_run = {
        .names = "run",
        .operands = "TREE [COMMAND…]",
        .most = SIZE_MAX,
        .flags = VERB_SETTINGS | VERB_COMMAND | VERB_MACHINE_STATUS,
        .options = run_options,
        .size = sizeof(RunOptions),
        .help = "Run a command in a new machine made from a tree",
        .details =
                "TREE is a path, or without a slash the name of a tree in /etc/machines, /run/machines, /var/lib/machines "
                "or /usr/lib/machines. COMMAND's own options are not berth's: options of berth stand before TREE.\n\n"
                "In the foreground, standard input, output and error are the command's, signals are passed on, and the exit "
                "status is the command's: 128+N for signal N, 125 where berth failed, 126 where the command cannot be executed, "
                "127 where there is none. With --tty, ^]^]^] within a second leaves the machine running.",
        .run = run_verb,
};

#define FIELD(field) offsetof(RunOptions, field)

static const Option create_options[] = {
        { "interactive|i", &type_boolean, FIELD(interactive), "For scripts that say so: changes nothing" },
        { "tty|terminal|t", &type_boolean, FIELD(terminal), "Give the command a terminal of its own" },
        { "name|machine|M", &type_string, FIELD(name), "Name of the machine (default: picked after the tree)" },
        { "directory|D", &type_string, FIELD(directory), "Path of the tree; all arguments are the command" },
        { "settings", &type_settings_mode, FIELD(settings), "Read settings files: yes, no, override or trusted" },
        {},
};

#undef FIELD

static int create_verb(const Call *call, Error *error) {
        _cleanup_message_ sd_bus_message *message = NULL, *reply = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        const char *name;
        int r = read_operands(call->options, call->operands, call->spec, error);

        if (r >= 0)
                r = client_open(&bus, error);
        if (r >= 0)
                r = new_run_call(bus, "CreateMachine", call->spec, /* pass_stdio= */ false, &message, error);
        if (r >= 0)
                r = client_call(bus, message, &reply, error);
        client_print_warnings(bus);
        if (r < 0)
                return r;

        r = sd_bus_message_read_basic(reply, 's', &name);
        if (r < 0)
                return client_bad_reply(r, error);
        return puts(name) < 0 ? error_set_errno(error, negative_errno(), "printing the name", name) : EXIT_SUCCESS;
}

const Verb verb_create = {
        .names = "create",
        .operands = "TREE [COMMAND…]",
        .most = SIZE_MAX,
        .flags = VERB_SETTINGS | VERB_COMMAND | VERB_MACHINE_STATUS,
        .options = create_options,
        .size = sizeof(RunOptions),
        .help = "Make a new machine from a tree, for berth start to run",
        .details = "Takes what berth run takes, and prints the machine's name.",
        .run = create_verb,
};
