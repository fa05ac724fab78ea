/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network-option.h"

#include "spec-bus.h"
#include "string-util.h"
#include "strv.h"

typedef struct NetworkOption {
        const char *key;
        const SettingType *type;
        size_t offset;
} NetworkOption;

static const NetworkOption rows[] = {
#define ROW(key, option, type, field, help) { key, type, offsetof(NetworkOptions, field) },
        NETWORK_OPTION_ROWS(ROW)
#undef ROW
};

void network_options_done(NetworkOptions *options) {
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                rows[i].type->clear((char *) options + rows[i].offset);
}

static int read_entry(NetworkOptions *options, sd_bus_message *message, Error *error) {
        const char *key, *contents;
        int r = sd_bus_message_read_basic(message, 's', &key);

        if (r >= 0)
                r = sd_bus_message_peek_type(message, NULL, &contents);
        if (r >= 0)
                r = sd_bus_message_enter_container(message, 'v', contents);
        if (r < 0)
                return error_set_errno(error, r, "reading the network's options", NULL);

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (streq(rows[i].key, key)) {
                        r = field_read_bus(rows[i].type, key, (char *) options + rows[i].offset, message, error);
                        return r < 0 ? r : sd_bus_message_exit_container(message);
                }
        return error_set(error, ERROR_UNKNOWN_SETTING, EINVAL, "reading the network's options", key, "there is no such option");
}

int network_options_read_bus(NetworkOptions *options, sd_bus_message *message, Error *error) {
        int r = sd_bus_message_enter_container(message, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = read_entry(options, message, error);
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        return r < 0 ? error_set_errno(error, r, "reading the network's options", NULL) : 0;
}

static int append_value(const NetworkOption *row, const void *field, sd_bus_message *message) {
        _cleanup_strv_free_ char **items = NULL;
        int r;

        if (row->type == &type_boolean)
                return sd_bus_message_append(message, "v", "b", (int) *(const bool *) field);
        if (row->type == &type_mtu)
                return sd_bus_message_append(message, "v", "u", *(const uint32_t *) field);

        r = row->type->format_list(field, &items);
        if (r >= 0)
                r = sd_bus_message_open_container(message, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(message, items);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

int network_options_append_bus(const NetworkOptions *options, sd_bus_message *message) {
        int r = sd_bus_message_open_container(message, 'a', "{sv}");

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(rows); i++) {
                r = sd_bus_message_open_container(message, 'e', "sv");
                if (r >= 0)
                        r = sd_bus_message_append_basic(message, 's', rows[i].key);
                if (r >= 0)
                        r = append_value(&rows[i], (const char *) options + rows[i].offset, message);
                if (r >= 0)
                        r = sd_bus_message_close_container(message);
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}
