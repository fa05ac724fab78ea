/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strv.h"

char **strv_free(char **strv) {
        STRV_FOREACH(s, strv)
                free(*s);
        free(strv);
        return NULL;
}

size_t strv_length(char *const *strv) {
        size_t n = 0;

        STRV_FOREACH(s, strv)
                n++;
        return n;
}

int strv_consume(char ***strv, char *s) {
        size_t n = strv_length(*strv);
        char **grown;

        if (!s)
                return -ENOMEM;

        grown = reallocarray(*strv, n + 2, sizeof(char *));
        if (!grown) {
                free(s);
                return -ENOMEM;
        }

        grown[n] = s;
        grown[n + 1] = NULL;
        *strv = grown;
        return 0;
}

int strv_append(char ***strv, const char *s) {
        return strv_consume(strv, strdup(s));
}

char **strv_copy(char *const *strv) {
        _cleanup_strv_free_ char **copy = calloc(strv_length(strv) + 1, sizeof(char *));
        size_t n = 0;

        if (!copy)
                return NULL;

        STRV_FOREACH(s, strv) {
                copy[n] = strdup(*s);
                if (!copy[n++])
                        return NULL;
        }

        return TAKE_PTR(copy);
}

bool strv_equal(char *const *a, char *const *b) {
        if (strv_length(a) != strv_length(b))
                return false;

        for (; a && *a; a++, b++)
                if (!streq(*a, *b))
                        return false;
        return true;
}

bool strv_contains(char *const *strv, const char *s) {
        STRV_FOREACH(t, strv)
                if (streq(*t, s))
                        return true;
        return false;
}

const char *strv_env_get(char *const *env, const char *name) {
        const char *found = NULL;

        STRV_FOREACH(s, env) {
                const char *rest = startswith(*s, name);

                if (rest && *rest == '=')
                        found = rest + 1;
        }
        return found;
}

int strv_env_consume(char ***env, char *item) {
        size_t n = item ? strcspn(item, "=") : 0;

        for (char **s = *env; item && s && *s; s++)
                if (strncmp(*s, item, n + 1) == 0) {
                        free(*s);
                        *s = item;
                        return 0;
                }
        return strv_consume(env, item);
}

char *strv_join(char *const *strv, const char *separator) {
        size_t length = 1, gap = strlen(separator);
        char *joined, *p;

        STRV_FOREACH(s, strv)
                length += strlen(*s) + gap;

        p = joined = malloc(length);
        if (!joined)
                return NULL;

        *p = '\0';
        STRV_FOREACH(s, strv)
                p = stpcpy(s == strv ? p : stpcpy(p, separator), *s);
        return joined;
}

int strv_split(const char *s, const char *separators, char ***ret) {
        _cleanup_strv_free_ char **words = NULL;

        for (s += strspn(s, separators); *s; s += strspn(s, separators)) {
                size_t n = strcspn(s, separators);
                int r = strv_consume(&words, strndup(s, n));

                if (r < 0)
                        return r;
                s += n;
        }

        *ret = TAKE_PTR(words);
        return 0;
}
