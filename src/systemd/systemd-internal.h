/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What systemd.c and scope.c share. */

#include "resource.h"
#include "scope.h"
#include "systemd.h"

/* A scope that is there, until systemd says that it removed the unit. */
typedef struct MadeScope MadeScope;
struct MadeScope {
        MadeScope *next;
        char unit[];
};

struct Systemd {
        sd_bus *bus;
        HostKind host;
        Scope *scopes;           /* those that wait for something */
        MadeScope *made;

        sd_bus_slot *job_removed;
        sd_bus_slot *unit_removed;
        sd_bus_slot *reloading;
        sd_bus_slot *owner_changed;

        char **types;            /* NAME=TYPE, sorted; NULL: not loaded */
        size_t types_count;
};

/* The types of the properties in a reply to Properties.GetAll. */
int systemd_read_types(Systemd *s, sd_bus_message *m);

/* scope.c: what the signals mean to those who wait. */
void scope_on_job_removed(Scope *scope, const char *job, const char *unit, const char *result);
void scope_on_unit_removed(Scope *scope, const char *unit);
void scope_on_restart(Scope *scope);
/* Of a scope that was made; any, where UNIT is NULL. */
void scope_forget_made(Systemd *systemd, const char *unit);
Scope *scope_next(Scope *scope);
