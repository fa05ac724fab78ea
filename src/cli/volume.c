/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth volume: directories with a name that outlive machines. */

#include <stdio.h>

#include "client.h"
#include "clock.h"
#include "output.h"
#include "string-util.h"
#include "verbs.h"

typedef struct VolumeOptions {
        bool quiet, no_legend;
        JsonMode json;
} VolumeOptions;

static const Option volume_options[] = {
        { "quiet|q", &type_boolean, offsetof(VolumeOptions, quiet), "List names alone" },
        { "no-legend", &type_boolean, offsetof(VolumeOptions, no_legend), "List without a heading" },
        { "json", &type_json_mode, offsetof(VolumeOptions, json), "JSON: short (one line), pretty or off" },
        {},
};

static int print_row(sd_bus_message *reply, Table *table, const VolumeOptions *options) {
        const char *name, *path;
        uint64_t made;
        char age[FORMAT_AGE_MAX];
        int r = sd_bus_message_read(reply, "(sst)", &name, &path, &made);

        if (r <= 0)
                return r;
        if (options->quiet)
                return puts(name) < 0 ? negative_errno() : 1;
        table_add_string(table, name);
        table_add(table, format_age(clock_usec(CLOCK_REALTIME), made, age), json_integer((json_int_t) made));
        table_add_string(table, path);
        return 1;
}

static int list(sd_bus *bus, const VolumeOptions *options, bool styled, Error *error) {
        static const Column columns[] = { { "VOLUME", "volume" }, { "AGE", "made_usec" }, { "PATH", "path" } };
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_table_ Table table = STYLED_TABLE(columns, styled);
        int r = client_call_simple(bus, &reply, error, "ListVolumes", "");

        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(reply, 'a', "(sst)");
        while (r >= 0 && (r = print_row(reply, &table, options)) > 0)
                ;
        if (r < 0)
                return client_bad_reply(r, error);
        if (options->quiet)
                return EXIT_SUCCESS;
        return table_print(&table, options->json, !options->no_legend && options->json == JSON_OFF) < 0 ? error_oom(error)
                                                                                                        : EXIT_SUCCESS;
}

/* What to do with each name. */
static const struct {
        const char *word, *alias, *method;
} actions[] = {
        { "create", "create", "CreateVolume" },
        { "remove", "rm", "RemoveVolume" },
};

static int volume_verb(const Call *call, Error *error) {
        const char *word = call->operands[0], *method = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        bool lists = streq(word, "list") || streq(word, "ls");
        int r;

        for (size_t i = 0; i < ELEMENTSOF(actions); i++)
                if (streq(word, actions[i].word) || streq(word, actions[i].alias))
                        method = actions[i].method;
        if ((!method && !lists) || lists == (call->operands[1] != NULL))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the arguments of", "volume",
                                 "it takes list, or create or remove with names");

        r = client_open(&bus, error);
        if (r < 0)
                return r;
        if (lists)
                return list(bus, call->options, call->styled, error);
        for (size_t i = 1; call->operands[i]; i++) {
                r = client_call_simple(bus, NULL, error, method, "s", call->operands[i]);
                if (r < 0)
                        return r;
        }
        return EXIT_SUCCESS;
}

const Verb verb_volume = {
        .names = "volume",
        .operands = "list | create NAME… | remove NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .options = volume_options,
        .size = sizeof(VolumeOptions),
        .help = "List, make and remove volumes",
        .details =
                "A volume is a directory that machines show with --volume=NAME:/PATH. It is made when it is first used, and kept "
                "until it is removed. One that a machine's settings name, also of a machine that does not run, is not removed.",
        .run = volume_verb,
};
