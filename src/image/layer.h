/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The writable layer of a machine, /var/lib/berth/machines/NAME/layer/: what it writes when its tree is left alone. With a
 * limit it is a file system in a sparse file of that size, layer.img, so that what runs full is the machine's alone.
 */

#include "spec.h"

/* Beside the layer of a machine that is not kept: it may be removed by whoever finds it when the machine does not run. */
#define LAYER_REMOVE_MARK "remove"

typedef struct Layer {
        int fd;                  /* the directory (O_PATH), or with IS_MOUNT a detached mount */
        bool is_mount;
} Layer;

/*
 * Opens the layer of SPEC's machine below the folder STATE, and makes it first where there is none.
 */
int layer_open(const char *state, const Spec *spec, Layer *ret, Error *error);

/* Makes the pair for TARGET ("/" or a mount point) in an open layer, with the owner and mode of what TREE shows. */
int layer_prepare(const Layer *layer, const char *target, int tree, Error *error);

/* Their names in the layer, the caller's. */
char *layer_upper_name(const char *target);
char *layer_work_name(const char *target);
