/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "terminal-size-bus.h"

int terminal_size_append_bus(sd_bus_message *m, const struct winsize *size) {
        if (size->ws_row == 0 || size->ws_col == 0)
                return 0;
        return sd_bus_message_append(m, "{sv}", TERMINAL_SIZE_KEY, "(uu)", (uint32_t) size->ws_row, (uint32_t) size->ws_col);
}

int terminal_size_read_bus(sd_bus_message *m, struct winsize *ret, Error *error) {
        uint32_t rows, columns;
        int r = sd_bus_message_read(m, "(uu)", &rows, &columns);

        if (r < 0 || rows > UINT16_MAX || columns > UINT16_MAX)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the call", TERMINAL_SIZE_KEY,
                                 "it takes rows and columns, at most %i each ((uu))", UINT16_MAX);
        *ret = (struct winsize){ .ws_row = (unsigned short) rows, .ws_col = (unsigned short) columns };
        return 0;
}
