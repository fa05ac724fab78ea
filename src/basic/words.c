/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "words.h"

#include <ctype.h>

#include "strv.h"

#define BLANKS " \t\r\n"

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        return isxdigit((unsigned char) c) ? tolower((unsigned char) c) - 'a' + 10 : -1;
}

/* What stands behind a backslash in $'…': its length, or -EINVAL. */
static int read_escape(const char *p, char *ret) {
        static const char letters[] = "abefnrtv\\'\"", values[] = "\a\b\033\f\n\r\t\v\\'\"";
        const char *letter = *p ? strchr(letters, *p) : NULL;

        if (letter) {
                *ret = values[letter - letters];
                return 1;
        }
        if (*p != 'x' || hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0 || (p[1] == '0' && p[2] == '0'))
                return -EINVAL;
        *ret = (char) (hex_digit(p[1]) << 4 | hex_digit(p[2]));
        return 3;
}

/* What is between the quotes at **P into *Q; both are moved on. */
static int read_quoted(const char **p, char **q) {
        bool escapes = **p == '$';
        char quote;

        *p += escapes;
        quote = *(*p)++;
        for (; **p != quote; (*p)++) {
                int n = 0;

                if (!**p)
                        return -EINVAL;
                if (escapes && **p == '\\') {
                        n = read_escape(*p + 1, *q);
                        if (n < 0)
                                return n;
                        (*q)++;
                        *p += n;
                } else
                        *(*q)++ = **p;
        }
        (*p)++;
        return 0;
}

static bool is_quoted(const char *p) {
        return *p == '\'' || *p == '"' || (*p == '$' && p[1] == '\'');
}

/* One word at **P, which no word is longer than. */
static int read_word(const char **p, char **ret) {
        _cleanup_free_ char *word = malloc(strlen(*p) + 1);
        char *q = word;

        if (!word)
                return -ENOMEM;
        while (**p && !strchr(BLANKS, **p)) {
                int r = 0;

                if (is_quoted(*p))
                        r = read_quoted(p, &q);
                else
                        *q++ = *(*p)++;
                if (r < 0)
                        return r;
        }
        *q = '\0';
        *ret = TAKE_PTR(word);
        return 0;
}

int words_split(const char *line, char ***words) {
        _cleanup_strv_free_ char **found = NULL;
        int r;

        for (line += strspn(line, BLANKS); *line; line += strspn(line, BLANKS)) {
                char *word;

                r = read_word(&line, &word);
                if (r >= 0)
                        r = strv_consume(&found, word);
                if (r < 0)
                        return r;
        }

        STRV_FOREACH(word, found) {
                r = strv_append(words, *word);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool is_plain(const char *word) {
        for (const char *p = word; *p; p++)
                if (!isgraph((unsigned char) *p) && (unsigned char) *p < 0x80)
                        return false;
        /* A backslash at the end of a line would continue it. */
        return *word && !strpbrk(word, "'\"$") && word[strlen(word) - 1] != '\\';
}

/* Bytes that are no text are written, too: what is no letter of ASCII or of UTF-8 (and so above 0x7f) is escaped. */
static char *quote_with_escapes(const char *word) {
        static const char digits[] = "0123456789abcdef";
        char *quoted = malloc(strlen(word) * 4 + sizeof("$''")), *q = quoted;

        if (!quoted)
                return NULL;
        q = stpcpy(q, "$'");
        for (const unsigned char *p = (const unsigned char *) word; *p; p++)
                if (*p == '\'' || *p == '\\') {
                        *q++ = '\\';
                        *q++ = (char) *p;
                } else if (*p == '\n')
                        q = stpcpy(q, "\\n");
                else if (*p < ' ' || *p == 0x7f)
                        q = mempcpy(q, (char[]){ '\\', 'x', digits[*p >> 4], digits[*p & 15] }, 4);
                else
                        *q++ = (char) *p;
        (void) strcpy(q, "'");
        return quoted;
}

static bool has_control(const char *word) {
        for (const char *p = word; *p; p++)
                if (iscntrl((unsigned char) *p))
                        return true;
        return false;
}

char *words_quote(const char *word) {
        const char *quote = strchr(word, '\'') ? "\"" : "'";
        char *quoted;

        if (is_plain(word))
                return strdup(word);
        if (has_control(word) || strchr(word, *quote))
                return quote_with_escapes(word);

        quoted = malloc(strlen(word) + sizeof("''"));
        if (quoted)
                (void) stpcpy(stpcpy(stpcpy(quoted, quote), word), quote);
        return quoted;
}
