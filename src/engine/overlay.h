/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "scratch.h"

/* An overlay of layers that are attached in the scratch directory; all names are relative to it. */
typedef struct Overlay {
        char *const *lowers;     /* the lowest one first */
        const char *upper, *work; /* NULL: nothing can be written */
        uint32_t owner;          /* host id of the machine's root, as whom the layers are acted on */
} Overlay;

/* Mounts it at TARGET, a directory of the scratch directory. */
int overlay_mount(const Scratch *scratch, const Overlay *overlay, const char *target, Error *error);
