/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What comes before a supervisor can set a machine up: everything that the spec leaves open is chosen and held
 * under a lock, and its entry in the registry is made. The manager does this, or under --keep-unit the
 * supervisor itself.
 */

#include "entry.h"
#include "namespaces.h"
#include "spec.h"

/* Where things are: tests have folders of their own. */
typedef struct Places {
        const char *run;         /* /run/berth: machines/NAME */
        const char *state;       /* /var/lib/berth: machines/NAME of those that are kept */
        const char *ranges;      /* /run/systemd/nspawn-uid */
} Places;

extern const Places places_default;

/* Makes and opens the folder of the registry (0700), or with PLANS set the one where plans have theirs. The descriptor or a negative errno. */
int places_open_machines(const Places *places, bool plans);

typedef enum PrepareFlags {
        PREPARE_NEW = 1 << 0,    /* the name of a kept machine is taken, too */
        PREPARE_WAIT = 1 << 1,   /* where the entry is in use, wait a moment: the manager may just be removing a dead one */
        PREPARE_PLAN = 1 << 2,   /* for a plan: an entry that is not in the registry */
} PrepareFlags;

typedef struct Preparation {
        const Places *places;    /* borrowed */
        Spec *spec;              /* resolved */
        char *entry_name;        /* below machines */
        int machines;            /* folder of the registry */
        Entry entry;             /* with spec.json and root/ in it, locked */
        int tree;                /* O_PATH */
        int range_lock;          /* or -EBADF */
        int address_lock;        /* or -EBADF */
        Namespaces namespaces;   /* to join */
} Preparation;

#define PREPARATION_NULL                                                                      \
        (Preparation){ .machines = -EBADF, .entry = ENTRY_NULL, .tree = -EBADF,               \
                       .range_lock = -EBADF, .address_lock = -EBADF, .namespaces = NAMESPACES_NULL }

/*
 * Resolves SPEC, which it takes over (also on failure), and fills *ret. On failure nothing is left behind, and
 * ERROR says what was wrong: with the name (ERROR_MACHINE_EXISTS, ERROR_INVALID_NAME), the tree, the range, the network.
 */
int prepare(const Places *places, Spec *spec, PrepareFlags flags, Preparation *ret, Error *error);

/* Releases what is held, but leaves the entry where it is: whoever has its lock by now owns it. */
void preparation_done(Preparation *p);

/* Removes the entry as well, for a start that failed. The caller must still hold the lock. */
void preparation_undo(Preparation *p);
#define _cleanup_preparation_ _cleanup_(preparation_undo)
