/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What berthd lists with one call, an array of structures, as a table of one row each. */

#include "client.h"
#include "output.h"

typedef struct ListingOptions {
        bool quiet, no_legend;
        JsonMode json;
} ListingOptions;

/* The rows of a verb's options whose structure TYPE has these as its FIELD. */
#define LISTING_OPTION_ROWS(type, field)                                                                              \
        { "quiet|q", &type_boolean, offsetof(type, field.quiet), "List names alone" },                                \
        { "no-legend", &type_boolean, offsetof(type, field.no_legend), "List without a heading" },                    \
        { "json", &type_json_mode, offsetof(type, field.json), "List as JSON: short (one line), pretty or off" }

typedef struct Listing {
        const char *method;
        const char *structure;   /* D-Bus type of an item */
        /* Reads one and adds its cells, the first of them the name. 1, 0 behind the last one, or a negative errno. */
        int (*add)(Table *table, sd_bus_message *reply);
} Listing;

/* Calls and fills TABLE, and prints that. EXIT_SUCCESS or a negative errno. */
int listing_print(sd_bus *bus, const Listing *listing, Table *table, const ListingOptions *options, Error *error);
