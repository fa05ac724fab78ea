/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"

/*
 * A user namespace that nobody is in, for the map of a mount (mount_setattr(2)): one line each of uid_map and
 * gid_map, "INSIDE OUTSIDE COUNT", where INSIDE is the owner on disk. The descriptor, the caller's.
 */
int userns_new(const char *uid_map, const char *gid_map, Error *error);
