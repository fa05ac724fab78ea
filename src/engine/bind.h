/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Something from elsewhere at a place of the machine: in its birth, and while it runs. */

#include "plan.h"

/* Whose ids are mapped how. */
typedef struct BindIds {
        int userns;              /* of the machine, -EBADF without one */
        uint32_t root;           /* host id of the machine's root */
} BindIds;

/*
 * Gives MOUNT, detached and not attached before, the attributes and owners that M asks for. TARGET (O_PATH) is
 * what it will cover.
 */
int bind_prepare(const PlannedMount *m, int mount, int target, const BindIds *ids, Error *error);

/* Attaches it, with words of its own where file and directory meet. */
int bind_attach(const PlannedMount *m, int mount, int target, Error *error);

/*
 * Opens the place in the tree ROOT (O_PATH) where M is to be, and makes it as OWNER, with what is missing above it.
 * No link leads out of the tree, and none into the kernel's file systems unless TARGET itself names them: an image
 * could otherwise have a file of /proc covered that protects the host. O_PATH, the caller's.
 */
int bind_open_target(int root, const PlannedMount *m, bool directory, uint32_t owner, Error *error);
