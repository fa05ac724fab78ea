/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Strings that are made: the caller frees them, NULL means no memory. */

#include "macro.h"

char *str_format(const char *format, ...) _printf_(1, 2);

/* Replaces *S by a copy of VALUE (which may be NULL). 0 or -ENOMEM, with *S unchanged. */
int str_replace(char **s, const char *value);

/* Whether S has control characters (other than the ones in ALLOWED) or is no valid UTF-8: unfit for a terminal or for D-Bus. */
bool str_is_unprintable(const char *s, const char *allowed);

/* A copy with what str_is_unprintable() objects to written as \xNN, byte by byte: what may be shown on a terminal. */
char *str_escape(const char *s);

/* Whether S is valid UTF-8, which is all that D-Bus and JSON can carry. */
bool str_is_utf8(const char *s);

/* The likest of N words to S by edit distance, NULL if none is near: for "did you mean". */
const char *str_nearest(const char *s, const char *const *words, size_t n);

/* FNV-1a, 64 bit: stable across versions and machines, for picks that should repeat. */
uint64_t str_hash(const char *s);
