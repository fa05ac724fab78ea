/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weight.h"

#include <string.h>

/* A string of its own, the pointer to it, and what malloc() adds. */
enum { VALUE_WEIGHT = 48 };

static int weigh_basic(sd_bus_message *m, char type, size_t *weight) {
        const char *text = NULL;
        uint64_t number;
        bool is_text = type == SD_BUS_TYPE_STRING || type == SD_BUS_TYPE_OBJECT_PATH || type == SD_BUS_TYPE_SIGNATURE;
        int r = sd_bus_message_read_basic(m, type, is_text ? (void *) &text : (void *) &number);

        if (r >= 0)
                *weight += VALUE_WEIGHT + (text ? strlen(text) : 0);
        return r;
}

/* Bytes lie in a message as they are: they need not be looked at one by one. */
static int weigh_bytes(sd_bus_message *m, size_t *weight) {
        const void *bytes;
        size_t n = 0;
        int r = sd_bus_message_read_array(m, SD_BUS_TYPE_BYTE, &bytes, &n);

        if (r >= 0)
                *weight += VALUE_WEIGHT + n;
        return r;
}

/* What is left of the container that M stands in. The bus allows 64 containers in each other. */
static int weigh_rest(sd_bus_message *m, size_t most, size_t *weight) {
        const char *contents;
        char type;
        int r = 0;

        while (*weight <= most && (r = sd_bus_message_peek_type(m, &type, &contents)) > 0) {
                if (type == SD_BUS_TYPE_ARRAY && strcmp(contents, "y") == 0)
                        r = weigh_bytes(m, weight);
                else if (!contents)
                        r = weigh_basic(m, type, weight);
                else {
                        *weight += VALUE_WEIGHT;
                        r = sd_bus_message_enter_container(m, type, contents);
                        if (r >= 0)
                                r = weigh_rest(m, most, weight);
                        if (r >= 0 && *weight <= most)
                                r = sd_bus_message_exit_container(m);
                }
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : 0;
}

int message_weigh(sd_bus_message *m, size_t most, size_t *ret) {
        size_t weight = 0;
        int r = weigh_rest(m, most, &weight);

        if (r >= 0)
                r = sd_bus_message_rewind(m, true);
        *ret = weight;
        return r < 0 ? r : 0;
}
