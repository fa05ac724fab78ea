/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stores.h"

const char *const stores[] = { "/etc/machines", "/run/machines", STORE_NEW, "/usr/lib/machines" };
const size_t stores_count = ELEMENTSOF(stores);
