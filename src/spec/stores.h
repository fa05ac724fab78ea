/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The folders that trees and images are installed in, shared with systemd-nspawn(1) and machinectl(1), in the order of their search. */

#include "macro.h"

#define STORES_TEXT "/etc/machines, /run/machines, /var/lib/machines or /usr/lib/machines"

/* Where what is made by a name goes: clones. */
#define STORE_NEW "/var/lib/machines"

extern const char *const stores[];
extern const size_t stores_count;
