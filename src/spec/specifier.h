/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* %-specifiers of templates and drop-ins, with the meanings of systemd.unit(5), "Specifiers". */

#include "error.h"

typedef struct Specifiers {
        const char *instance;    /* %i: the machine's name; of a template, the part behind its prefix */
        const char *prefix;      /* %p: the machine's name; of a template, its prefix */
        const char *machine;     /* %n: the machine's whole name */
} Specifiers;

/*
 * TEXT with its specifiers replaced. The caller frees *ret. What is of the host (%m %b %H %l %v) is looked up when it
 * is asked for. An unknown letter is an error that says which there are.
 */
int specifiers_expand(const Specifiers *specifiers, const char *text, char **ret, Error *error);
