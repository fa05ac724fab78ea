/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth network: networks by name. */

#include <stdio.h>

#include "listing.h"
#include "network-option.h"
#include "string-util.h"
#include "strv.h"
#include "verbs.h"

typedef struct NetworkVerbOptions {
        NetworkOptions network;
        ListingOptions listing;
} NetworkVerbOptions;

static const Option network_verb_options[] = {
#define ROW(key, option, type, field, help) { option, type, offsetof(NetworkVerbOptions, network.field), help },
        NETWORK_OPTION_ROWS(ROW)
#undef ROW
        LISTING_OPTION_ROWS(NetworkVerbOptions, listing),
        {},
};

/* list */

static int add_network(Table *table, sd_bus_message *reply) {
        const char *name, *kind, *bridge, *subnet, *subnet6, *path;
        uint32_t machines;
        char number[32];
        int r = sd_bus_message_read(reply, "(sssssuo)", &name, &kind, &bridge, &subnet, &subnet6, &machines, &path);

        if (r <= 0)
                return r;
        (void) snprintf(number, sizeof(number), "%u", machines);
        table_add_string(table, name);
        table_add_string(table, kind);
        table_add_string(table, bridge);
        table_add_string(table, subnet);
        table_add_string(table, subnet6);
        table_add(table, number, json_integer(machines));
        return 1;
}

static int list(sd_bus *bus, const NetworkVerbOptions *options, bool styled, Error *error) {
        static const Column columns[] = { { "NETWORK", "network" }, { "KIND", "kind" },       { "BRIDGE", "bridge" },
                                          { "SUBNET", "subnet" },   { "SUBNET6", "subnet6" }, { "MACHINES", "machines" } };
        static const Listing networks = { "ListNetworks", "(sssssuo)", add_network };
        _cleanup_table_ Table table = STYLED_TABLE(columns, styled);

        return listing_print(bus, &networks, &table, &options->listing, error);
}

/* create, remove, reload */

static int create(sd_bus *bus, const char *name, const NetworkOptions *options, Error *error) {
        _cleanup_message_ sd_bus_message *message = NULL;
        int r = client_new_call(bus, &message, "CreateNetwork", error);

        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "s", name);
        if (r >= 0)
                r = network_options_append_bus(options, message);
        if (r < 0)
                return error_set_errno(error, r, "writing the call", "CreateNetwork");
        r = client_call(bus, message, NULL, error);
        if (r >= 0)
                puts(name);
        return r < 0 ? r : EXIT_SUCCESS;
}

static int remove_one(const char *name, void *userdata, Error *error) {
        int r = client_call_simple(userdata, NULL, error, "RemoveNetwork", "s", name);

        return r < 0 ? r : EXIT_SUCCESS;
}

/* inspect */

static json_t *strings_to_json(sd_bus_message *m) {
        json_t *array = json_array();
        const char *item;

        if (sd_bus_message_enter_container(m, 'a', "s") < 0)
                return array;
        while (sd_bus_message_read_basic(m, 's', &item) > 0)
                (void) json_array_append_new(array, json_string(item));
        (void) sd_bus_message_exit_container(m);
        return array;
}

static json_t *value_to_json(sd_bus_message *m, const char *type) {
        const char *text;
        uint32_t number;
        int flag;

        if (streq(type, "as"))
                return strings_to_json(m);
        if (streq(type, "b") && sd_bus_message_read_basic(m, 'b', &flag) >= 0)
                return json_boolean(flag);
        if (streq(type, "u") && sd_bus_message_read_basic(m, 'u', &number) >= 0)
                return json_integer(number);
        if (streq(type, "s") && sd_bus_message_read_basic(m, 's', &text) >= 0)
                return isempty(text) ? json_null() : json_string(text);
        return NULL;
}

/* Under its own name. */
static int read_property(const char *name, sd_bus_message *m, void *object) {
        const char *type;
        int r = sd_bus_message_peek_type(m, NULL, &type);

        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'v', type);
        if (r >= 0 && json_object_set_new(object, name, value_to_json(m, type)) < 0)
                r = -ENOMEM;
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

typedef struct Inspect {
        sd_bus *bus;
        json_t *all;
} Inspect;

static int inspect_one(const char *name, void *userdata, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        Inspect *inspect = userdata;
        json_auto_t *object = json_object();
        int r = client_read_object(inspect->bus, "GetNetwork", "org.berth1.Network", name, read_property, object, NULL, &reply,
                                   error);

        if (r < 0)
                return r;
        return json_array_append(inspect->all, object) < 0 ? error_oom(error) : EXIT_SUCCESS;
}

/* The verb */

static int remove_each(const Call *call, sd_bus *bus) {
        return call_each(call, remove_one, bus);
}

static int inspect_each(const Call *call, sd_bus *bus) {
        Inspect inspect = { bus, json_array() };
        int status = call_each(call, inspect_one, &inspect);

        if (json_dumpf(inspect.all, stdout, JSON_INDENT(2)) < 0)
                status = EXIT_FAILURE;
        putchar('\n');
        json_decref(inspect.all);
        return status;
}

static const struct {
        const char *words;
        size_t least, most;      /* names behind it */
        int (*each)(const Call *call, sd_bus *bus);
} actions[] = {
        { "list|ls", 0, 0, NULL },
        { "create", 1, 1, NULL },
        { "inspect", 1, SIZE_MAX, inspect_each },
        { "remove|rm", 1, SIZE_MAX, remove_each },
        { "reload", 0, 0, NULL },
};

static int network_verb(const Call *call, Error *error) {
        const NetworkVerbOptions *options = call->options;
        Call rest = *call;
        size_t n = strv_length(call->operands) - 1, i = 0;
        _cleanup_bus_ sd_bus *bus = NULL;
        int r;

        while (i < ELEMENTSOF(actions) && !names_contain(actions[i].words, call->operands[0]))
                i++;
        if (i == ELEMENTSOF(actions) || n < actions[i].least || n > actions[i].most)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the arguments of", "network",
                                 "it takes list, create with a name, inspect or remove with names, or reload");
        r = client_open(&bus, error);
        if (r < 0)
                return r;

        rest.operands++;
        if (actions[i].each)
                return actions[i].each(&rest, bus);
        if (streq(call->operands[0], "create"))
                return create(bus, rest.operands[0], &options->network, error);
        if (streq(call->operands[0], "reload")) {
                r = client_call_simple(bus, NULL, error, "ReloadNetworks", "");
                return r < 0 ? r : EXIT_SUCCESS;
        }
        return list(bus, options, call->styled, error);
}

const Verb verb_network = {
        .names = "network",
        .operands = "list | reload | create|inspect|remove NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .options = network_verb_options,
        .size = sizeof(NetworkVerbOptions),
        .initial = &(const NetworkVerbOptions){ .network = { .icc = true, .host_access = true, .ipv6 = true } },
        .help = "List, make, show and remove networks of machines",
        .details =
                "A machine is on the network NAME with --network=NAME. Its addresses are decided when it is created, its bridge is "
                "there as long as a machine is on it, and it is kept until it is removed.\n\n"
                "reload makes the packet filter anew, for where another program has flushed it; the next start of a machine that "
                "needs it does so, too.",
        .run = network_verb,
};
