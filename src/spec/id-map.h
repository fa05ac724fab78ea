/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Lines of uid_map and gid_map (user_namespaces(7)), as settings have them: INSIDE:OUTSIDE[:COUNT]. */

#include "error.h"

typedef struct IdMap {
        uint32_t inside;
        uint32_t outside;
        uint32_t count;
} IdMap;

/* The kernel takes no more per map. */
enum { ID_MAP_LINES_MAX = 340 };

/* COUNT is 1 where it is left out. -EINVAL or -ERANGE for what is none; 0 outside would be the host's root. */
int id_map_parse(const char *text, IdMap *ret);

/* The line that root is in, which both maps need, and the same ids in both; -ENOENT where there is none. */
int id_map_find_root(char *const *lines, IdMap *ret);

typedef struct Spec Spec;

/*
 * Checks UIDMap= and GIDMap= (which is UIDMap= where it is not given): no id twice, a root. Where there are any, they
 * become the machine's PrivateUsers=, as far as root's own line goes.
 */
int spec_resolve_id_maps(Spec *spec, Error *error);
