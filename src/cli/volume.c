/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth volume: directories with a name that outlive machines. */

#include <stdio.h>

#include "clock.h"
#include "listing.h"
#include "string-util.h"
#include "verbs.h"

typedef struct VolumeOptions {
        ListingOptions listing;
} VolumeOptions;

static const Option volume_options[] = {
        LISTING_OPTION_ROWS(VolumeOptions, listing),
        {},
};

static int add_volume(Table *table, sd_bus_message *reply) {
        const char *name, *path;
        uint64_t made;
        int r = sd_bus_message_read(reply, "(sst)", &name, &path, &made);

        if (r <= 0)
                return r;
        table_add_string(table, name);
        table_add_age(table, made);
        table_add_string(table, path);
        return 1;
}

static int list(sd_bus *bus, const VolumeOptions *options, bool styled, Error *error) {
        static const Column columns[] = { { "VOLUME", "volume" }, { "AGE", "made_usec" }, { "PATH", "path" } };
        static const Listing volumes = { "ListVolumes", "(sst)", add_volume };
        _cleanup_table_ Table table = STYLED_TABLE(columns, styled);

        return listing_print(bus, &volumes, &table, &options->listing, error);
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
