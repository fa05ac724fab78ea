/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth list. */

#include <stdio.h>

#include "client.h"
#include "clock.h"
#include "output.h"
#include "state.h"
#include "string-util.h"
#include "verbs.h"

typedef struct ListOptions {
        bool all, quiet, no_legend;
        JsonMode json;
} ListOptions;

static const Option list_options[] = {
        { "all|a", &type_boolean, offsetof(ListOptions, all), "Also machines that do not run" },
        { "quiet|q", &type_boolean, offsetof(ListOptions, quiet), "Names only" },
        { "no-legend", &type_boolean, offsetof(ListOptions, no_legend), "No titles and no count" },
        { "json", &type_json_mode, offsetof(ListOptions, json), "JSON: short (one line), pretty or off" },
        {},
};

/* One row of ListMachines(), borrowed from the reply. */
typedef struct Item {
        const char *name, *state, *root, *path, *health;
        uint32_t leader;
        uint64_t started;
} Item;

static int compare_items(const void *a, const void *b) {
        return strcmp(((const Item *) a)->name, ((const Item *) b)->name);
}

static int read_items(sd_bus_message *reply, bool all, Item **ret, size_t *ret_n) {
        _cleanup_free_ Item *items = NULL;
        size_t n = 0, room = 0;
        int r = sd_bus_message_enter_container(reply, 'a', "(ssusto)");

        while (r >= 0) {
                Item item = {};

                r = sd_bus_message_read(reply, "(ssusto)", &item.name, &item.state, &item.leader, &item.root, &item.started,
                                        &item.path);
                if (r <= 0)
                        break;
                if (!all && !machine_state_is_alive(machine_state_from_string(item.state)))
                        continue;

                if (n == room) {
                        Item *grown = reallocarray(items, room = room ? room * 2 : 16, sizeof(Item));

                        if (!grown)
                                return -ENOMEM;
                        items = grown;
                }
                items[n++] = item;
        }
        if (r < 0)
                return r;

        if (n > 0)
                qsort(items, n, sizeof(Item), compare_items);
        *ret = TAKE_PTR(items);
        *ret_n = n;
        return 0;
}

/* Whether any is checked. HEALTH are names, each with its state behind it. */
static int read_health(sd_bus_message *reply, Item *items, size_t n) {
        const char *name, *health;
        bool any = false;
        int r = sd_bus_message_enter_container(reply, 'a', "{ss}");

        while (r >= 0 && (r = sd_bus_message_read(reply, "{ss}", &name, &health)) > 0) {
                Item *item = n > 0 ? bsearch(&(Item){ .name = name }, items, n, sizeof(Item), compare_items) : NULL;

                if (item)
                        item->health = health;
                any = any || item;
        }
        return r < 0 ? r : any;
}

static void add_item(Table *table, const Item *item, bool health) {
        bool alive = machine_state_is_alive(machine_state_from_string(item->state));

        table_add_string(table, item->name);
        table_add_string(table, item->state);
        if (health)
                table_add_string(table, item->health);
        table_add_number(table, alive ? item->leader : 0);
        if (item->started > 0 && alive)
                table_add_age(table, item->started);
        else
                table_add(table, "-", item->started > 0 ? json_integer((json_int_t) item->started) : json_null());
        table_add_string(table, item->root);
}

/* The column is there for programs, and for people where there is something in it. */
static int print_items(const Item *items, size_t n, const ListOptions *options, bool health, bool styled) {
        static const Column checked[] = {
                { "MACHINE", "machine" },     { "STATE", "state", style_of_state }, { "HEALTH", "health" },
                { "LEADER", "leader" },       { "UPTIME", "started_usec" },         { "ROOT", "root" },
        };
        static const Column unchecked[] = {
                { "MACHINE", "machine" },     { "STATE", "state", style_of_state }, { "LEADER", "leader" },
                { "UPTIME", "started_usec" }, { "ROOT", "root" },
        };
        bool legend = !options->no_legend && options->json == JSON_OFF;
        bool shown = health || options->json != JSON_OFF;
        _cleanup_table_ Table table = shown ? STYLED_TABLE(checked, styled) : STYLED_TABLE(unchecked, styled);
        int r;

        for (size_t i = 0; i < n; i++)
                add_item(&table, items + i, shown);

        r = table_print(&table, options->json, legend && n > 0);
        if (r < 0 || !legend)
                return r;
        if (n == 0)
                printf("No machines%s.\n", options->all ? "" : " run");
        else
                printf("\n%zu machine%s listed.\n", n, n == 1 ? "" : "s");
        return 0;
}

static int list_verb(const Call *call, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL, *health = NULL;
        const ListOptions *options = call->options;
        _cleanup_bus_ sd_bus *bus = NULL;
        _cleanup_free_ Item *items = NULL;
        size_t n;
        int r;

        r = client_open(&bus, error);
        if (r >= 0)
                r = client_call_simple(bus, &reply, error, "ListMachines", "");
        if (r < 0)
                return r;

        r = read_items(reply, options->all, &items, &n);
        if (r < 0)
                return client_bad_reply(r, error);

        if (options->quiet) {
                for (size_t i = 0; i < n; i++)
                        puts(items[i].name);
                return EXIT_SUCCESS;
        }

        r = client_call_simple(bus, &health, error, "ListHealth", "");
        if (r < 0)
                return r;
        r = read_health(health, items, n);
        if (r < 0)
                return client_bad_reply(r, error);
        return print_items(items, n, options, r > 0, call->styled) < 0 ? error_oom(error) : EXIT_SUCCESS;
}

const Verb verb_list = {
        .names = "list|ls|ps",
        .operands = "",
        .flags = VERB_PAGED,
        .options = list_options,
        .size = sizeof(ListOptions),
        .help = "List machines that run",
        .run = list_verb,
};
