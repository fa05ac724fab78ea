/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The folders of images: what comes and goes there, by whoever's hand, is told on the bus. */

#include "manager.h"

/* Begins, as far as the folders are there. Called again, it begins with those that have come since. */
void image_watch(Manager *manager);

void image_unwatch(Manager *manager);
