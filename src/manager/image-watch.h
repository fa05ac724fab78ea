/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The folders of images: what comes and goes there and what changes in an image's properties, by whoever's hand, is told on the
 * bus. The kernel tells of names, modes and times; of the attribute "immutable", of a subvolume's flag and of a mount that became
 * read-only it tells nobody: these are seen with the next look.
 */

#include "machine.h"

/* Begins, as far as the folders are there. Called again, it begins with those that have come since, and looks at all. */
void image_watch(Manager *manager);

/* Looks now, and tells what is different from the last look. */
void image_look(Manager *manager);

/* One more machine is made from its image, or one less. Told in a moment, with others of the same image. */
void image_machines_changed(Machine *machine);

void image_unwatch(Manager *manager);
