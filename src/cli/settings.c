/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth settings: the settings table, as a list. */

#include "output.h"
#include "verbs.h"

typedef struct SettingsOptions {
        bool quiet, no_legend;
        JsonMode json;
} SettingsOptions;

static const Option settings_options[] = {
        { "quiet|q", &type_boolean, offsetof(SettingsOptions, quiet), "List names alone" },
        { "no-legend", &type_boolean, offsetof(SettingsOptions, no_legend), "No titles" },
        { "json", &type_json_mode, offsetof(SettingsOptions, json), "JSON: short (one line), pretty or off" },
        {},
};

static int settings_verb(const Call *call, Error *error) {
        static const Column columns[] = {
                { "SECTION", "section" }, { "SETTING", "setting" }, { "TYPE", "type" },
                { "DEFAULT", "default" }, { "WHAT", "help" },
        };
        const SettingsOptions *options = call->options;
        _cleanup_table_ Table table = STYLED_TABLE(columns, call->styled);

        FOREACH_SETTING(s) {
                if (options->quiet) {
                        puts(s->name);
                        continue;
                }
                table_add_string(&table, setting_section_name(s->section));
                table_add_string(&table, s->name);
                table_add_string(&table, s->type->name);
                table_add_string(&table, s->initial);
                table_add_string(&table, s->help);
        }
        if (options->quiet)
                return EXIT_SUCCESS;
        return table_print(&table, options->json, !options->no_legend) < 0 ? error_oom(error) : EXIT_SUCCESS;
}

const Verb verb_settings = {
        .names = "settings",
        .operands = "",
        .options = settings_options,
        .size = sizeof(SettingsOptions),
        .flags = VERB_PAGED,
        .help = "List the settings that a machine can have",
        .run = settings_verb,
};
