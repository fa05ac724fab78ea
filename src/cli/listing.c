/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "listing.h"

#include <stdio.h>

int listing_print(sd_bus *bus, const Listing *listing, Table *table, const ListingOptions *options, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r = client_call_simple(bus, &reply, error, listing->method, "");

        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(reply, 'a', listing->structure);
        while (r >= 0 && (r = listing->add(table, reply)) > 0)
                ;
        if (r < 0)
                return client_bad_reply(r, error);

        if (options->quiet) {
                for (size_t i = 0; i < table->n_cells; i += table->n_columns)
                        puts(table->cells[i]);
                return table->failed ? error_oom(error) : EXIT_SUCCESS;
        }
        return table_print(table, options->json, !options->no_legend && options->json == JSON_OFF) < 0 ? error_oom(error)
                                                                                                       : EXIT_SUCCESS;
}
