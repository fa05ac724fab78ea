/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the objects on the bus that are looked up anew each time (networks, images) have in common. */

#include "manager.h"

typedef struct ObjectKind {
        const char *prefix;         /* of their paths */
        const char *interface;
        const char *new, *removed;  /* the manager's signals */
        int (*check)(Manager *manager, const char *name, Error *error); /* that there is one of the name */
} ObjectKind;

/* The paths of those with NAMES, as a node enumerator gives them (sd_bus_add_node_enumerator(3)). */
int object_paths(const ObjectKind *kind, char **names, char ***ret);

/* That there is one more, or one less. A signal that could not be queued is no reason to do anything else differently. */
void object_announce(sd_bus *bus, const ObjectKind *kind, const char *name, bool is_new);

/* Answers a call of the manager's whose argument is a name with the path of its object, or with the error of check(). */
int object_on_get(Manager *manager, sd_bus_message *m, const ObjectKind *kind);

/* The name that a call is about, the caller's: its object's, or its first argument. */
int object_read_name(sd_bus_message *m, const ObjectKind *kind, char **ret, Error *error);
