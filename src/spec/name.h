/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names for machines that were not given one. */

#include "macro.h"

/* What the last part of a tree's path gives as a name: valid by spec_check_name(), and short enough to take a suffix. NULL without memory. */
char *name_from_tree(const char *path);

/* NAME with eight random digits behind it: "debian-3f2a9c1b". NULL without memory. */
char *name_with_suffix(const char *name);
