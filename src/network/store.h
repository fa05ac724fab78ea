/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The networks that were created: NAME.json each, below the networks folder of STATE (/var/lib/berth). */

#include "network-config.h"

/* -ENOENT, with ERROR as it was, where there is none of the name. */
int store_read(const char *state, const char *name, NetworkConfig *ret, Error *error);
