/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Completion on a shell's command line: berth __complete WORD…, the last word being the one under the cursor. What
 * is offered comes from the same tables that arguments are read by, so that the shells' own files know nothing.
 *
 * Prints a line per candidate, with its help behind a tab where it has one. A last line that begins with ":" asks
 * the shell for what only it knows: ":files", ":directories", ":commands", each maybe with a prefix of the
 * word behind a blank that is to be kept ("--bind=").
 */

#include <stdio.h>

#include "strv.h"

/* Where names come from that no table has. All add to NAMES and fail silently: a completion has nobody to tell. */
typedef struct CompleteSources {
        void (*machines)(char ***names);
        void (*trees)(char ***names);
        void (*images)(char ***names);
} CompleteSources;

/* Writes the candidates for the last of WORDS, the first being the verb, or "berth-nspawn" on that program's line. 0 or a negative errno. */
int complete(char **words, const CompleteSources *sources, FILE *f);

/* The same with the machines that berthd knows and the trees in the stores: an exit status. */
int complete_main(char **words);
