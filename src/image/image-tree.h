/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A machine's tree as a directory of the host: that it is one, and that writing to it cannot hurt the host. */

#include "spec.h"

/*
 * Opens PATH with O_PATH: a directory, and checks that it looks like the root of an operating system, or an image.
 * The descriptor, the caller's, in *ret. ERROR_NO_SUCH_TREE, ERROR_NOT_A_TREE with what is missing.
 */
int tree_open(const char *path, int *ret, Error *error);

/*
 * Refuses a tree that a payload would write root's files to within reach of other users of the host
 * (ERROR_EXPOSED_TREE with what to do). What SPEC shows read-only or through a layer of its own is never refused.
 */
int tree_check_exposure(int tree, const Spec *spec, Error *error);
