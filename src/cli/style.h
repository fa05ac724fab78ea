/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Colours, on terminals that have them. */

#include "macro.h"

typedef enum Style {
        STYLE_NONE,
        STYLE_TITLE,
        STYLE_GOOD,
        STYLE_BAD,
        STYLE_BETWEEN,
        _STYLE_MAX,
} Style;

/*
 * Whether output has colours: what $SYSTEMD_COLORS says; without it, where $NO_COLOR is not set, $TERM is not "dumb" and TERMINAL
 * is true.
 */
bool style_is_used(bool terminal);

/* What begins a style, and what ends each; both empty without USED. */
const char *style_begin(bool used, Style style);
const char *style_end(bool used, Style style);

/* The style of a machine's state. */
Style style_of_state(const char *state);
