/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * The mount table of our mount namespace, read by libmount. The library is loaded when it is needed, which is to
 * explain a failure: loading it at every start would cost each supervisor more than the rest of its libraries.
 */

/* Called for the mount that PATH lies in, then for those below PATH in the table's order: 0 to go on, 1 to stop, or a negative errno. */
typedef int (*MountVisitor)(const char *target, const char *type, void *userdata);

/* 1 where the visitor stopped, 0 at the end of the table, -EOPNOTSUPP without libmount, or a negative errno. */
int mount_table_visit(const char *path, MountVisitor visitor, void *userdata);
