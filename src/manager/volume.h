/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Named volumes, /var/lib/berth/volumes/NAME/_data: made by name or when they are first used, kept until they are removed. */

#include "call.h"

int volume_list(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);

int volume_read(Call *call, Error *error);
int volume_create(Call *call, Error *error);
/* Refused as long as a machine's settings name it, whether the machine runs or is kept. */
int volume_remove(Call *call, Error *error);
