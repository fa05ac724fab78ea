/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Several words on one line, as unit files have them (systemd.syntax(7), "Quoting"): blanks part them, single or double
 * quotes keep blanks in them, and a backslash is itself, as in the files of systemd.nspawn(5). What neither can say, a
 * line break above all, is written as a shell would: $'a\nb'.
 */

#include "macro.h"

/* The words of LINE, added to *words. -EINVAL where a quote does not end, or an escape is none; *words is unchanged then. */
int words_split(const char *line, char ***words);

/* WORD as words_split() takes it back. The caller frees it; NULL without memory. */
char *words_quote(const char *word);
