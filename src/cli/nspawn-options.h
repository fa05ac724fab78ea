/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The command line of systemd-nspawn(1), option for option (those of versions 252 to 257), in terms of settings. What most
 * of them mean stands in the settings table; the rows here say how nspawn writes it, and where berth does something else.
 * Completion, --help and the manual are made from them.
 */

#include "options.h"

typedef enum NspawnConsole {
        NSPAWN_CONSOLE_DEFAULT,     /* interactive on a terminal, else read-only */
        NSPAWN_CONSOLE_INTERACTIVE,
        NSPAWN_CONSOLE_READ_ONLY,
        NSPAWN_CONSOLE_PASSIVE,
        NSPAWN_CONSOLE_PIPE,
        NSPAWN_CONSOLE_AUTOPIPE,
        _NSPAWN_CONSOLE_MAX,
} NspawnConsole;

/* One call, as far as it is not in the spec. */
typedef struct NspawnCall {
        char *directory, *image, *name;
        char *private_users;        /* as PrivateUsers= has it, or a boolean */
        SettingsMode settings;
        NspawnConsole console;
        bool quiet, keep_unit, unpaged, help, version;
        Spec *spec;
        char **operands;            /* the rest of argv: not owned */
} NspawnCall;

#define NSPAWN_CALL_NULL (NspawnCall){}
void nspawn_call_done(NspawnCall *call);
#define _cleanup_nspawn_call_ _cleanup_(nspawn_call_done)

typedef enum NspawnArgument {
        NSPAWN_SWITCH,              /* takes none */
        NSPAWN_VALUE,
        NSPAWN_MAYBE,               /* behind a "=", or none */
} NspawnArgument;

typedef enum NspawnFate {
        NSPAWN_DONE,
        NSPAWN_LEFT_OUT,            /* which is said on standard error */
        NSPAWN_REFUSED,
} NspawnFate;

typedef struct NspawnOption {
        const char *names;          /* "directory|D", as in the settings table */
        NspawnArgument argument;
        const char *option;         /* the settings table's name for it; NULL: the first of NAMES */
        const char *value;          /* what the option says without an argument; NULL: "yes" */
        const SettingType *type;    /* of a field of NspawnCall; NULL: it is a setting's */
        size_t offset;
        const char *help;           /* NULL: the setting's */
        NspawnFate fate;
        const char *neutral;        /* the value that asks for what berth does in any case; NULL: there is none */
        const char *note;           /* what is not as with systemd-nspawn, or why it is not done; NULL: nothing */
} NspawnOption;

extern const NspawnOption nspawn_options[];

#define FOREACH_NSPAWN_OPTION(o) for (const NspawnOption *o = nspawn_options; o->names; o++)

/* What its value is like, and the line for --help. */
const SettingType *nspawn_option_type(const NspawnOption *o);
const char *nspawn_option_help(const NspawnOption *o);

/* The row that WORD ("--dir=/x", "-D") is of, NULL where there is none; an abbreviation of one long name counts, as with getopt_long(3). */
const NspawnOption *nspawn_option_find(const char *word);

/*
 * Reads ARGUMENTS into CALL, whose spec is there already; the first word that is no option ends them. ERROR names the option
 * that is refused, and why.
 */
int nspawn_options_parse(NspawnCall *call, char **arguments, Error *error);

/* What systemd-nspawn does unless it is told otherwise, where berth does something else. */
typedef struct NspawnDefault {
        const char *setting, *value;
        const char *note;           /* for the manual */
} NspawnDefault;

extern const NspawnDefault nspawn_defaults[];

#define FOREACH_NSPAWN_DEFAULT(d) for (const NspawnDefault *d = nspawn_defaults; d->setting; d++)

/* Assigns these in SPEC where nobody has said anything. */
int nspawn_fill_defaults(Spec *spec, Error *error);
