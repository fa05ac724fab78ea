/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox-filter.h"

int sandbox_load_filter(void) {
        return 0;
}
