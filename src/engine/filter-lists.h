/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which system calls there are, in groups as systemd.exec(5) names them, and which of them a machine may make.
 * Lists are words with spaces between: names of calls, "@group", and what is to be taken away again with "~".
 */

#include "macro.h"

typedef struct FilterGroup {
        const char *name;        /* "@mount" */
        const char *words;
} FilterGroup;

/* The group of a name with its "@", or NULL. */
const FilterGroup *filter_group_find(const char *name);

/* Calls that a machine may make whatever its capabilities are. */
extern const char filter_machine_words[];

/* What each capability opens besides. CAPABILITIES is a mask; the lists are those of its bits, NULL at the end of *POSITION. */
const char *filter_capability_words(uint64_t capabilities, size_t *position);

/* Calls of --nesting, which makes machines inside of a machine. */
extern const char filter_nesting_words[];

/*
 * Calls that are newer than the oldest libseccomp that berth takes: their numbers are the same on every
 * architecture (the kernel's scripts/syscall.tbl). -ENOENT for any other name.
 */
int filter_new_call(const char *name);
const char *filter_new_call_name(uint32_t number);

/* The newest call that is known here: what has a higher number does not exist as far as a payload can see. */
uint32_t filter_last_call(void);

/* Stands for all that is above: it changes when a list does. */
uint64_t filter_lists_hash(void);
