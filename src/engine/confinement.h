/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a process of the machine may do: the leader and whatever is executed in the machine later are confined
 * alike, by this one function.
 */

#include "credentials.h"
#include "filter-program.h"
#include "label.h"

typedef struct Confinement {
        uint64_t capabilities;   /* bounding set, and what root has */
        uint64_t ambient;        /* of them, what every user keeps over an exec */
        bool no_new_privileges;
        Labels labels;
        Filter filter;           /* of system calls; without instructions: none */
} Confinement;

void confinement_done(Confinement *confinement);
#define _cleanup_confinement_ _cleanup_(confinement_done)

/*
 * Becomes the user, for good: bounding set, ids, permitted and effective set, inheritable and ambient set,
 * no_new_privs, system call filter; and a session keyring of its own. The last thing before the exec. DIRECTORY
 * is entered with the user's rights, NULL stays where we are. PROC is of label_open_proc(), and closed.
 */
int confinement_apply(const Confinement *confinement, const Credentials *user, const char *directory, int *proc, Error *error);
