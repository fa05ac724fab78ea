/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"

/*
 * PrivateUsersOwnership=chown: gives every file of the tree DIR to the range of ids that begins with BASE, keeping the lower
 * 16 bits of its owner and group, as systemd-nspawn does. A tree that belongs to the range already is not gone through.
 * Other file systems below it are left alone. OBJECT is for the error.
 */
int adopt_tree(int dir, uint32_t base, const char *object, Error *error);
