/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* NULL-terminated arrays of strings. A NULL array is an empty one, for every function here. */

#include "macro.h"

char **strv_free(char **strv);
DEFINE_CLEANUP(char **, strv_free);
#define _cleanup_strv_free_ _cleanup_(strv_freep)

size_t strv_length(char *const *strv);

/* Appends a copy; consume takes the string over, also on failure. 0 or -ENOMEM. */
int strv_append(char ***strv, const char *s);
int strv_consume(char ***strv, char *s);

/* A deep copy, NULL without memory. */
char **strv_copy(char *const *strv);

bool strv_equal(char *const *a, char *const *b);

/* Whether s is one of the strings. */
bool strv_contains(char *const *strv, const char *s);

/* The value of NAME in an environment block of NAME=VALUE strings (the last one counts), or NULL. */
const char *strv_env_get(char *const *env, const char *name);

/* Sets a variable of an environment block: ITEM (NAME=VALUE, taken over also on failure) replaces its namesake. 0 or -ENOMEM. */
int strv_env_consume(char ***env, char *item);

/* The strings with SEPARATOR between them; the caller frees it; NULL without memory. */
char *strv_join(char *const *strv, const char *separator);

/* Words of S between any of the characters in SEPARATORS; empty words are left out. 0 or -ENOMEM. */
int strv_split(const char *s, const char *separators, char ***ret);

#define STRV_FOREACH(s, strv) for (char *const *s = (strv); s && *s; s++)
