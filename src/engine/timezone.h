/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plan.h"

/*
 * The host's time zone for the machine, systemd.nspawn(5) "Timezone=". What it is, is read on the host; /etc/localtime is
 * changed in the machine's own tree, as its root.
 */
typedef struct Timezone {
        char *zone;              /* "Europe/Berlin", NULL where the host has none by name */
        char *data;              /* the content of the host's /etc/localtime, NULL without one */
        size_t size;
} Timezone;

void timezone_done(Timezone *timezone);

/* Reads what the plan needs of it. */
int timezone_read(const Plan *plan, Timezone *ret, Error *error);

/* Does it in the tree ROOT (O_PATH). With "auto" a tree that cannot be written to is left as it is. */
int timezone_apply(const Plan *plan, const Timezone *timezone, int root, Error *error);
