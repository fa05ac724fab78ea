/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Images on the bus: objects below /org/berth1/image with the interface org.berth1.Image. The manager keeps nothing of them: each
 * question is answered from the folders (image.h) and from the machines. What changes them is a task (task.h).
 */

#include "call.h"

#define IMAGE_PATH_PREFIX "/org/berth1/image"
#define IMAGE_INTERFACE "org.berth1.Image"

extern const sd_bus_vtable image_vtable[];

/* Makes the images reachable on the manager's bus. */
int image_bus_register(Manager *manager);

/* Tells of an image that has come, or has gone. */
void image_bus_announce(Manager *manager, const char *name, bool is_new);

/* Tells that these properties of an image changed; NULL-terminated. */
void image_bus_changed(Manager *manager, const char *name, const char *const *properties);

/* Handlers for the manager's vtable. */
int image_on_list(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);
int image_on_get(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);

/* For call-table.c; the first argument is the image's name, unless the call is to its object. */
int image_read_remove(Call *call, Error *error);
int image_read_clone(Call *call, Error *error);
int image_read_rename(Call *call, Error *error);
int image_read_mark(Call *call, Error *error);
int image_read_measure(Call *call, Error *error);
int image_read_measure_followed(Call *call, Error *error);
int image_run(Call *call, Error *error);
