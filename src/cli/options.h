/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Options of the command line. A verb's own options are rows here; the settings that a verb takes are rows of
 * the settings table, with the same types, so that both are read, refused and described in one way.
 *
 *   --name=value   --name value   -m 64M   -m64M   -m=64M   -it   --   and for a boolean, or --json, also just --name
 */

#include "setting.h"

typedef struct Option {
        const char *names;        /* "all|a", as in the settings table: the first is shown, single letters are short options */
        const SettingType *type;
        size_t offset;            /* of the field in the verb's struct */
        const char *help;         /* one line */
} Option;

#define FOREACH_OPTION(o, rows) for (const Option *o = (rows); o && o->names; o++)

/* Where the options of one call are read into. */
typedef struct OptionTarget {
        const Option *options;    /* ends with a row without names; may be NULL */
        void *values;             /* the struct that their offsets are of */
        Spec *spec;               /* the settings' own; NULL where the verb takes none */
        const char *const *only;  /* names of the settings that it takes; NULL: all */
        bool in_order;            /* the first operand ends the options: those behind it are a command's own */
        struct Docker *docker;    /* of options_parse(): what docker's own options are read into, where the verb takes settings */
} OptionTarget;

/*
 * Reads ARGUMENTS. *ret_operands is an array that the caller frees, of strings that stay the caller's. 0, or 1
 * where help was asked for (--help, and -h where no option has that letter), or a negative errno with ERROR filled.
 */
int options_parse(const OptionTarget *target, char **arguments, char ***ret_operands, Error *error);

/*
 * Reads TEXT for the option NAME of the settings table into SPEC, as options_parse() does: relative paths are the caller's own.
 * GIVEN is what the user wrote, for ERROR.
 */
int options_assign_setting(Spec *spec, const char *name, const char *given, const char *text, Error *error);

/* The type of the option of that name (without its dashes), or NULL. */
const SettingType *options_type(const OptionTarget *target, const char *name);

/* Releases what the options have put into VALUES. */
void options_clear(const Option *options, void *values);

/* Whether S is among ONLY, which is as in OptionTarget. */
bool options_take_setting(const char *const *only, const Setting *s);

/* Whether the one-letter option C belongs to an option of the table or, with TAKES_SETTINGS, to a setting (among ONLY). */
bool options_have_letter(const Option *options, bool takes_settings, const char *const *only, char c);

/* The next of the names in "a|bc|d": *POSITION starts at the whole string and moves on; NULL at the end. N is its length. */
const char *names_next(const char **position, size_t *ret_n);

/* Whether NAME is one of the names in "a|bc|d". */
bool names_contain(const char *names, const char *name);

/* Adds each of the names in "a|bc|d" that has more than one letter to WORDS. 0 or -ENOMEM. */
int names_collect(const char *names, char ***words);
