/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth bind, unbind: something of the host, or a volume, into a machine that runs, and out again. */

#include <unistd.h>

#include "client.h"
#include "mount-setting.h"
#include "string-util.h"
#include "verbs.h"

typedef struct BindOptions {
        bool read_only;
        char *options;
} BindOptions;

static const Option bind_options[] = {
        { "read-only|ro|r", &type_boolean, offsetof(BindOptions, read_only), "Nothing can be written to it" },
        { "options|o", &type_string, offsetof(BindOptions, options),
          "Options as in Bind=: idmap, rootidmap, norbind, noexec, …" },
        {},
};

/* SOURCE, or SOURCE:TARGET:OPTIONS in one, then TARGET: put together in the form of the setting. */
static int put_together(const BindOptions *options, char *const *operands, char **ret, Error *error) {
        _cleanup_free_ char *here = getcwd(NULL, 0), *text = NULL;
        const char *source = operands[0], *target = operands[1];
        MountSettingKind kind = volume_name_is_valid(source) || volume_name_is_valid(strndupa(source, strcspn(source, ":")))
                                        ? MOUNT_SETTING_VOLUME
                                        : MOUNT_SETTING_BIND;
        bool more = options->read_only || !isempty(options->options);
        int r;

        if (!here)
                return error_set_errno(error, negative_errno(), "finding the current directory", NULL);
        if (!target && more)
                target = source;
        text = target ? str_format("%s:%s%s%s%s%s", source, target, more ? ":" : "", options->read_only ? "ro" : "",
                                   options->read_only && !isempty(options->options) ? "," : "", strempty(options->options))
                      : strdup(source);
        if (!text)
                return error_oom(error);
        r = mount_setting_make_absolute(kind, text, here, ret);
        return r < 0 ? error_set_errno(error, r, "reading what to bind", text) : 0;
}

static int bind_verb(const Call *call, Error *error) {
        _cleanup_bus_ sd_bus *bus = NULL;
        _cleanup_free_ char *text = NULL;
        int r = put_together(call->options, call->operands + 1, &text, error);

        if (r >= 0)
                r = client_open(&bus, error);
        if (r >= 0)
                r = client_call_simple(bus, NULL, error, "BindMachine", "ss", call->operands[0], text);
        return r < 0 ? r : EXIT_SUCCESS;
}

const Verb verb_bind = {
        .names = "bind",
        .operands = "NAME SOURCE [TARGET]",
        .least = 2,
        .most = 3,
        .options = bind_options,
        .size = sizeof(BindOptions),
        .help = "Show a directory of the host, or a volume, in a running machine",
        .details =
                "SOURCE is a path or the name of a volume. It can also be SOURCE:TARGET:OPTIONS, as Bind= and Volume= have it. "
                "The target is made where it is missing.",
        .run = bind_verb,
};

static int unbind_verb(const Call *call, Error *error) {
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = client_open(&bus, error);

        if (r >= 0)
                r = client_call_simple(bus, NULL, error, "UnbindMachine", "ss", call->operands[0], call->operands[1]);
        return r < 0 ? r : EXIT_SUCCESS;
}

const Verb verb_unbind = {
        .names = "unbind",
        .operands = "NAME TARGET",
        .least = 2,
        .most = 2,
        .help = "Take off what berth bind has shown in a machine",
        .run = unbind_verb,
};
