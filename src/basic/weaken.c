/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weaken.h"

bool weakened(const char *protection) {
        return false;
}
