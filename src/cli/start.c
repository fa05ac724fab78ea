/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth start, restart, attach, rename: machines that are there already. */

#include "client.h"
#include "fd-util.h"
#include "foreground.h"
#include "keep-unit.h"
#include "run.h"
#include "verbs.h"

typedef struct StartOptions {
        bool attach, terminal, keep_unit;
        DetachKeys detach_keys;
} StartOptions;

static const Option start_options[] = {
        { "attach|a", &type_boolean, offsetof(StartOptions, attach), "Stay in the foreground, as berth run does" },
        { "tty|terminal|t", &type_boolean, offsetof(StartOptions, terminal),
          "With --attach: give the command a terminal of its own" },
        DETACH_KEYS_OPTION(StartOptions),
        { "keep-unit", &type_boolean, offsetof(StartOptions, keep_unit),
          "Run in the calling unit instead of a scope, for ExecStart=" },
        {},
};

/* What the verb holds while it goes through the names. */
typedef struct Start {
        const char *method;
        const StartOptions *options;
        DetachKeys keys;
        sd_bus *bus;
} Start;

static int start_one(const char *name, void *userdata, Error *error) {
        _cleanup_message_ sd_bus_message *message = NULL, *reply = NULL;
        _cleanup_close_ int signals = -EBADF, fd = -EBADF;
        Start *start = userdata;
        const StartOptions *options = start->options;
        int r;

        if (options->attach) {
                signals = foreground_block_signals();
                if (signals < 0)
                        return error_set_errno(error, signals, "blocking signals", NULL);
        }

        r = client_new_call(start->bus, &message, start->method, error);
        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "s", name);
        if (r >= 0)
                r = sd_bus_message_open_container(message, 'a', "{sv}");
        if (r >= 0)
                r = run_append_extras(message, options->terminal, /* remove= */ false, /* timing= */ 0,
                                      options->attach && !options->terminal);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        if (r < 0)
                return error_set_errno(error, r, "writing the call", start->method);

        r = client_call(start->bus, message, &reply, error);
        client_print_warnings(start->bus);
        if (r < 0 || !options->attach)
                return r;

        r = sd_bus_message_skip(reply, "o");
        if (r < 0)
                return client_bad_reply(r, error);
        r = client_read_fd(reply, &fd, error);
        return r < 0 ? r
                     : run_stay(&start->bus, name, TAKE_FD(fd), signals, options->terminal ? &start->keys : NULL, /* timing= */ 0,
                                error);
}

static int start_verb(const Call *call, Error *error) {
        const StartOptions *options = call->options;
        Start start = { .method = "StartMachine", .options = options, .keys = options->detach_keys };
        int r = detach_keys_default(&start.keys, error);

        if (r < 0)
                return r;

        if (options->terminal && !options->attach)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the options", NULL, "--tty needs --attach");
        if ((options->attach || options->keep_unit) && call->operands[1])
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the options", NULL, "--%s takes one machine",
                                 options->attach ? "attach" : "keep-unit");
        if (options->keep_unit)
                return keep_unit_start(call->operands[0], error);

        r = client_open_patient(&start.bus, error);
        if (r < 0)
                return r;
        r = call_each(call, start_one, &start);
        (void) sd_bus_flush_close_unref(start.bus);
        return r;
}

const Verb verb_start = {
        .names = "start",
        .operands = "NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .flags = VERB_MACHINE_STATUS,
        .options = start_options,
        .size = sizeof(StartOptions),
        .help = "Run machines that were made, or run before, without --rm",
        .details =
                "With --keep-unit, as berth@.service does it, NAME may also be a tree in /var/lib/machines of which there is no "
                "machine yet: it is booted, unless its settings file says Boot=no.",
        .run = start_verb,
};

static int restart_verb(const Call *call, Error *error) {
        Start start = { .method = "RestartMachine", .options = &(const StartOptions){} };
        int r = client_open_patient(&start.bus, error);

        if (r < 0)
                return r;
        r = call_each(call, start_one, &start);
        (void) sd_bus_flush_close_unref(start.bus);
        return r;
}

const Verb verb_restart = {
        .names = "restart|reboot",
        .operands = "NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .flags = VERB_MACHINE_STATUS,
        .help = "Ask machines to end, and run them again",
        .details =
                "As berth stop and berth start: the machine begins anew, with its files as they were. One that does not run is "
                "started. One that was run with --rm would be gone: that is refused.",
        .run = restart_verb,
};

typedef struct AttachOptions {
        uint32_t terminal;
        DetachKeys detach_keys;
} AttachOptions;

static const Option attach_options[] = {
        { "terminal", &type_terminals, offsetof(AttachOptions, terminal),
          "One of the further terminals that Terminals= made (0: the console)" },
        DETACH_KEYS_OPTION(AttachOptions),
        {},
};

static int attach_verb(const Call *call, Error *error) {
        const AttachOptions *options = call->options;
        DetachKeys keys = options->detach_keys;
        _cleanup_session_ Session session = SESSION_NULL;
        _cleanup_close_ int signals = -EBADF;
        const char *name = call->operands[0];
        _cleanup_bus_ sd_bus *bus = NULL;
        int fd, r = detach_keys_default(&keys, error);

        if (r < 0)
                return r;
        signals = foreground_block_signals();
        if (signals < 0)
                return error_set_errno(error, signals, "blocking signals", NULL);
        r = client_open(&bus, error);
        if (r >= 0)
                r = client_open_session(bus, name, &fd, error);
        if (r >= 0)
                r = session_open(fd, name, &session, error);
        if (r >= 0 && options->terminal > 0)
                r = session_select_terminal(&session, options->terminal, error);
        bus = sd_bus_flush_close_unref(bus);
        return r < 0 ? r : foreground_run(&session, signals, &keys, error);
}

const Verb verb_attach = {
        .names = "attach",
        .operands = "NAME",
        .least = 1,
        .most = 1,
        .flags = VERB_MACHINE_STATUS,
        .options = attach_options,
        .size = sizeof(AttachOptions),
        .help = "Show the terminal of a machine on this one",
        .details =
                "For a machine that was run with --tty; what another one writes is in berth logs. With --terminal=N it is one of the "
                "terminals that --terminals made on a machine that boots. ^]^]^] within a second leaves "
                "it running (--detach-keys=), signals are passed on, and the exit status is the machine's, as with berth run. Several can be "
                "attached at once.",
        .run = attach_verb,
};

static int rename_verb(const Call *call, Error *error) {
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = client_open(&bus, error);

        if (r >= 0)
                r = client_call_simple(bus, NULL, error, "RenameMachine", "ss", call->operands[0], call->operands[1]);
        return r < 0 ? r : EXIT_SUCCESS;
}

const Verb verb_rename = {
        .names = "rename",
        .operands = "NAME NEW-NAME",
        .least = 2,
        .most = 2,
        .help = "Give a machine that does not run another name",
        .details = "What it wrote under its old name stays in the log of that name.",
        .run = rename_verb,
};
