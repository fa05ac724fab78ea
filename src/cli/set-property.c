/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth set-property. */

#include "client.h"
#include "string-util.h"
#include "verbs.h"

typedef struct SetPropertyOptions {
        bool runtime;
} SetPropertyOptions;

static const Option set_property_options[] = {
        { "runtime", &type_boolean, offsetof(SetPropertyOptions, runtime), "Only until the machine ends" },
        {},
};

static int set_property_verb(const Call *call, Error *error) {
        const SetPropertyOptions *options = call->options;
        _cleanup_message_ sd_bus_message *message = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = client_open(&bus, error);

        if (r >= 0)
                r = client_new_call(bus, &message, "SetMachineProperties", error);
        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "sb", call->operands[0], (int) options->runtime);
        if (r >= 0)
                r = sd_bus_message_append_strv(message, call->operands + 1);
        if (r < 0)
                return error_set_errno(error, r, "writing the call", "SetMachineProperties");
        r = client_call(bus, message, NULL, error);
        return r < 0 ? r : EXIT_SUCCESS;
}

const Verb verb_set_property = {
        .names = "set-property",
        .operands = "NAME SETTING=VALUE…",
        .least = 2,
        .most = SIZE_MAX,
        .options = set_property_options,
        .size = sizeof(SetPropertyOptions),
        .help = "Change limits of a machine",
        .details = "Any setting of [Resources], and any other property of the scope. It is true at once, as with systemctl "
                   "set-property, and kept for the machine's next start. An empty value takes a setting back; items add to a "
                   "list.",
        .run = set_property_verb,
};
