/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The networks that were created: NAME.json each, below the networks folder of STATE (/var/lib/berth). */

#include "network-config.h"

/* -ENOENT, with ERROR as it was, where there is none of the name. */
int store_read(const char *state, const char *name, NetworkConfig *ret, Error *error);

/* Their names, sorted, appended. 0 or a negative errno. */
int store_list(const char *state, char ***names);

/* Writes a new one. ERROR_NETWORK_EXISTS where there is one of the name. */
int store_write(const char *state, const NetworkConfig *config, Error *error);

/* -ENOENT where there is none. */
int store_remove(const char *state, const char *name);

/* The name of one that has a part of SUBNET, the caller's, or NULL (also where that cannot be found out). */
char *store_find_overlap(const char *state, const IpAddress *subnet);
