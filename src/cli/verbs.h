/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The verbs of berth. A row says what a verb is called and takes and who does it; arguments are read and checked,
 * help is printed and the manual is made from it. Each row stands in the file of its verb, beside its options.
 */

#include <limits.h>

#include "options.h"

typedef enum VerbFlags {
        VERB_SETTINGS = 1 << 0,       /* takes the settings as options */
        VERB_COMMAND = 1 << 1,        /* the first operand ends the options */
        VERB_MACHINE_STATUS = 1 << 2, /* its exit status is a machine's, so that berth's own failures are 125 and up */
        VERB_PAGED = 1 << 3,          /* a terminal gets its output a screen at a time */
} VerbFlags;

typedef struct Verb Verb;

/* One call of a verb. */
typedef struct Call {
        const Verb *verb;
        const void *options;    /* the verb's struct, filled from its rows */
        Spec *spec;             /* with VERB_SETTINGS */
        char **operands;
        bool styled;            /* output has colours */
} Call;

struct Verb {
        const char *names;      /* "list|ls|ps": the first is shown */
        const char *operands;   /* "TREE [COMMAND…]" */
        size_t least, most;     /* operands */
        VerbFlags flags;
        const char *const *settings; /* with VERB_SETTINGS: the names of those that it takes; NULL: all */
        const Option *options;  /* may be NULL */
        size_t size;            /* of the struct that they fill */
        const void *initial;    /* what the struct begins with: nothing that an option owns; NULL: zeros */
        const char *help;       /* one line */
        const char *details;    /* paragraphs for --help and the manual, or NULL */

        /* Does it: an exit status, or a negative errno with ERROR filled. What it printed itself is in its exit status. */
        int (*run)(const Call *call, Error *error);
};

extern const Verb verb_run, verb_create, verb_start, verb_restart, verb_attach, verb_exec, verb_explain, verb_rename,
        verb_inspect, verb_cat, verb_edit, verb_events, verb_logs, verb_copy, verb_copy_to, verb_copy_from, verb_shell,
        verb_login, verb_list, verb_status, verb_stop, verb_kill, verb_terminate, verb_wait, verb_remove, verb_stats, verb_top,
        verb_set_property, verb_pause, verb_unpause, verb_settings, verb_bind, verb_pin, verb_enable, verb_disable, verb_unbind,
        verb_volume, verb_network, verb_port, verb_doctor, verb_images, verb_image_status, verb_remove_image, verb_clone,
        verb_rename_image, verb_read_only;

/* All verbs, in the order of --help; ends with NULL. */
extern const Verb *const verbs[];

#define FOREACH_VERB(v) for (const Verb *const *v = verbs; *v; v++)

/* The verb of that name or alias, or NULL with ERROR saying what is near. */
const Verb *verb_find(const char *name, Error *error);

/* Reads the arguments behind the verb, does it, and reports what failed. The exit status. */
int verb_call(const Verb *verb, char **arguments, bool paged);

/*
 * Does EACH for each operand. A failure is reported at once and keeps none of the others; an exit status that
 * EACH returns counts, too. The last exit status that is not EXIT_SUCCESS, or EXIT_SUCCESS.
 */
int call_each(const Call *call, int (*each)(const char *operand, void *userdata, Error *error), void *userdata);

/* The first of a verb's names; the caller frees it; NULL without memory. */
char *verb_name(const Verb *verb);

/* Prints what failed as main()'s own failures are. Returns the exit status for it. */
int failure_report(int r, const Error *error, bool machine_status);
