/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which system calls a machine may make, from its settings: the policy, and its compilation to a program. */

#include "filter-program.h"

typedef struct FilterPolicy {
        bool none;               /* no filter at all */
        uint64_t capabilities;   /* what the machine's root has: some open calls */
        bool nesting;
        const char *profile;     /* JSON in place of berth's own list, or NULL; borrowed */
        char *const *words;      /* SystemCallFilter=, on top of either; borrowed */
} FilterPolicy;

/* Compiles POLICY. It takes some milliseconds and loads libseccomp: filter_obtain() keeps what comes out. */
int filter_compile(const FilterPolicy *policy, Filter *ret, Error *error);

/* All that a program depends on, as text; the caller frees it, NULL without memory. */
char *filter_policy_key(const FilterPolicy *policy);

/*
 * The program of POLICY: one that was kept by its key in DIRECTORY, which is root's alone, or a new one that is kept
 * from then on. Empty with policy->none.
 */
int filter_obtain(const FilterPolicy *policy, const char *directory, Filter *ret, Error *error);
