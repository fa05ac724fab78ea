/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Trees that are made from others (clone-tree.h), by a process of the spawner. */

#include "task.h"

/* Makes the tree or image at TARGET from the one at SOURCE, both absolute. DONE is called with its end. */
int clone_begin(Manager *manager, const char *source, const char *target, TaskDone done, void *userdata, Error *error);

/* The same for what SPEC's Template= says. 0: there is nothing to be made, and DONE is not called; 1: it is. */
int template_begin(Manager *manager, const Spec *spec, TaskDone done, void *userdata, Error *error);
