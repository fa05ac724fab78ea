/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "style.h"

#include "state.h"
#include "string-util.h"

/* ECMA-48, as every terminal of today has it. */
static const char *const sequences[] = {
        [STYLE_NONE] = "",
        [STYLE_TITLE] = "\x1b[0;4m",
        [STYLE_GOOD] = "\x1b[0;1;32m",
        [STYLE_BAD] = "\x1b[0;1;31m",
        [STYLE_BETWEEN] = "\x1b[0;1;33m",
};
static_assert(ELEMENTSOF(sequences) == _STYLE_MAX, "each style has its sequence");

bool style_is_used(bool terminal) {
        const char *colours = getenv("SYSTEMD_COLORS"), *none = getenv("NO_COLOR"), *type = getenv("TERM");

        if (!isempty(colours)) {
                static const char *const off[] = { "0", "no", "n", "false", "f", "off" };

                for (size_t i = 0; i < ELEMENTSOF(off); i++)
                        if (streq(colours, off[i]))
                                return false;
                return true;
        }
        return terminal && isempty(none) && !streq_ptr(type, "dumb");
}

const char *style_begin(bool used, Style style) {
        return used ? sequences[style] : "";
}

const char *style_end(bool used, Style style) {
        return used && style != STYLE_NONE ? "\x1b[0m" : "";
}

Style style_of_state(const char *state) {
        switch (machine_state_from_string(state)) {
        case MACHINE_RUNNING:
                return STYLE_GOOD;
        case MACHINE_FAILED:
                return STYLE_BAD;
        case MACHINE_STARTING:
        case MACHINE_STOPPING:
        case MACHINE_PAUSED:
                return STYLE_BETWEEN;
        default:
                return STYLE_NONE;
        }
}
