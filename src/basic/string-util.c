/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "string-util.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

char *str_format(const char *format, ...) {
        char *s;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&s, format, ap);
        va_end(ap);
        return n < 0 ? NULL : s;
}

int str_replace(char **s, const char *value) {
        char *copy = NULL;

        if (value) {
                copy = strdup(value);
                if (!copy)
                        return -ENOMEM;
        }

        free(*s);
        *s = copy;
        return 0;
}

/* Length of the well-formed UTF-8 sequence at S, 0 if it is none (RFC 3629: no surrogates, no overlong forms). */
static size_t utf8_sequence(const unsigned char *s) {
        uint32_t code;
        size_t n;

        if (s[0] < 0x80)
                return 1;

        n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
        if (s[0] < 0xc2 || s[0] > 0xf4)
                return 0;

        code = s[0] & (0xffu >> (n + 1));
        for (size_t i = 1; i < n; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (s[i] & 0x3f);
        }

        if ((n == 3 && code < 0x800) || (n == 4 && code < 0x10000) || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
                return 0;
        return n;
}

/* A control character: also those of ISO 6429's upper half, U+0080 … U+009F, which terminals act on as well. */
static bool is_control(const unsigned char *s, size_t n) {
        return n == 1 ? iscntrl(*s) : n == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

bool str_is_unprintable(const char *s, const char *allowed) {
        for (const unsigned char *p = (const unsigned char *) s; *p;) {
                size_t n = utf8_sequence(p);

                if (n == 0 || (is_control(p, n) && !strchr(allowed, *p)))
                        return true;
                p += n;
        }
        return false;
}

char *str_escape(const char *s) {
        static const char digits[] = "0123456789abcdef";
        char *escaped = malloc(strlen(s) * 4 + 1), *q = escaped;

        if (!escaped)
                return NULL;

        for (const unsigned char *p = (const unsigned char *) s; *p;) {
                size_t n = utf8_sequence(p);
                bool plain = n > 0 && !is_control(p, n);

                for (size_t i = 0; i < (n ? n : 1); i++, p++)
                        if (plain)
                                *q++ = (char) *p;
                        else
                                q = mempcpy(q, (char[]){ '\\', 'x', digits[*p >> 4], digits[*p & 15] }, 4);
        }
        *q = '\0';
        return escaped;
}

bool str_is_utf8(const char *s) {
        for (const unsigned char *p = (const unsigned char *) s; *p;) {
                size_t n = utf8_sequence(p);

                if (n == 0)
                        return false;
                p += n;
        }
        return true;
}

static size_t least(size_t a, size_t b) {
        return a < b ? a : b;
}

/*
 * How many letters have to be put in, taken out, replaced or swapped with their neighbour to make A from B, row
 * by row (the restricted Damerau-Levenshtein distance). Long words are too far from anything.
 */
static size_t edit_distance(const char *a, const char *b) {
        enum { LONGEST = 64 };
        size_t rows[3][LONGEST + 1], *before = rows[0], *above = rows[1], *row = rows[2], n = strlen(b);

        if (strlen(a) > LONGEST || n > LONGEST)
                return SIZE_MAX;

        for (size_t j = 0; j <= n; j++)
                row[j] = j;

        for (size_t i = 1; a[i - 1]; i++) {
                size_t *oldest = before;

                before = above;
                above = row;
                row = oldest;
                row[0] = i;
                for (size_t j = 1; j <= n; j++) {
                        int x = tolower((unsigned char) a[i - 1]), y = tolower((unsigned char) b[j - 1]);

                        row[j] = least(above[j - 1] + (x != y), least(above[j], row[j - 1]) + 1);
                        if (i > 1 && j > 1 && x == tolower((unsigned char) b[j - 2]) && y == tolower((unsigned char) a[i - 2]))
                                row[j] = least(row[j], before[j - 2] + 1);
                }
        }
        return row[n];
}

const char *str_nearest(const char *s, const char *const *words, size_t n) {
        size_t nearest = strlen(s) / 3 + 1;
        const char *found = NULL;

        for (size_t i = 0; i < n; i++) {
                size_t distance = words[i] ? edit_distance(s, words[i]) : SIZE_MAX;

                if (distance < nearest || (distance == nearest && !found)) {
                        nearest = distance;
                        found = words[i];
                }
        }
        return found;
}

uint64_t str_hash(const char *s) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        for (; *s; s++)
                hash = (hash ^ (unsigned char) *s) * UINT64_C(0x100000001b3);
        return hash;
}
