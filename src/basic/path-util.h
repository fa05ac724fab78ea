/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* Absolute, without "//", "/./", "/../" and without a slash at the end. */
bool path_is_normalized(const char *path);

/* The absolute form of PATH against BASE (itself absolute), with "//" and "." taken out; ".." is refused with -EINVAL. */
int path_make_absolute(const char *path, const char *base, char **ret);

/* The part behind the last slash. */
const char *path_basename(const char *path);

/*
 * Opens PATH below ROOT as a process chrooted there would, so that no link leads out
 * (openat2(2), RESOLVE_IN_ROOT). The descriptor, or a negative errno.
 */
int path_open_in_root(int root, const char *path, int flags);
