/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which machines are made from an image. */

#include <sys/stat.h>

#include "image.h"
#include "machine.h"

/* What the machine is made from, or NULL. */
const char *machine_root(Machine *machine);

/* Whether ROOT is the image or within it; ST is what is there now, links followed, or NULL where nothing is. */
bool image_has_root(const Image *image, const char *root, const struct stat *st);

/* The names of the machines, those that run and those that are kept. 0 or -ENOMEM. */
int image_collect_machines(Manager *manager, const Image *image, char ***names);
