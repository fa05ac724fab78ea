/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nspawn-options.h"
#include "verbs.h"

/* Prints what berth and a verb take on standard output. EXIT_SUCCESS, or a negative errno with ERROR filled. */
int help_main(Error *error);
int help_verb(const Verb *verb, Error *error);

/* The same of berth-nspawn. */
int help_nspawn(Error *error);

/* The same of a row of berth-nspawn's: "    --volatile[=MODE]". */
char *help_nspawn_usage(const NspawnOption *o);

/*
 * "-m, --memory-max=BYTES" of an option's names and type; the caller frees it; NULL without memory. A boolean is
 * a switch, unless INITIAL (may be NULL) says that it is on already: then it is there to be switched off.
 */
char *help_option_usage(const char *names, const SettingType *type, const char *initial);

/* "(also --memory, -E)": the names that the usage leaves out; empty where there are none; NULL without memory. */
char *help_option_others(const char *names);
