/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Numbers of system calls, as libseccomp knows them. The library is loaded when a program is compiled, which is when
 * settings change: no start and no idle supervisor has it.
 */

#include "error.h"

enum { FILTER_ABIS_MAX = 4, FILTER_ABI_MEMBERS_MAX = 2 };

/* What the kernel tells a filter as one architecture. x86-64 and x32 are two ABIs with that in common (syscall(2)). */
typedef struct FilterAbiInfo {
        uint32_t architecture;   /* AUDIT_ARCH_* */
        uint32_t mask;           /* for the numbers below */
        uint32_t members[FILTER_ABI_MEMBERS_MAX]; /* libseccomp's tokens, 0 where there is none */
        const char *names[FILTER_ABI_MEMBERS_MAX]; /* "SCMP_ARCH_X86_64" */
} FilterAbiInfo;

typedef struct FilterNames {
        void *library;
        int (*resolve_name)(uint32_t token, const char *name);
        char *(*resolve_number)(uint32_t token, int number);
        FilterAbiInfo abis[FILTER_ABIS_MAX]; /* the machine's own first */
        size_t n_abis;
} FilterNames;

/* -EOPNOTSUPP with ERROR set where there is no libseccomp. */
int filter_names_load(FilterNames *ret, Error *error);
void filter_names_done(FilterNames *names);
#define _cleanup_filter_names_ _cleanup_(filter_names_done)

/* The numbers of NAME in an ABI, at most one per member; how many. */
size_t filter_names_resolve(const FilterNames *names, const FilterAbiInfo *abi, const char *name,
                            uint32_t ret[static FILTER_ABI_MEMBERS_MAX]);

/* Whether there is such a call in any of the ABIs. */
bool filter_names_know(const FilterNames *names, const char *name);

/* The name of a number in an ABI (AUDIT_ARCH_*); the caller frees it, NULL where there is none. */
char *filter_names_of_number(const FilterNames *names, uint32_t architecture, uint32_t number);

/* Whether a call has this number; numbers up to *RET_LAST are to be asked for. */
bool filter_names_know_number(const FilterNames *names, const FilterAbiInfo *abi, uint32_t number);
uint32_t filter_names_last(const FilterAbiInfo *abi);
