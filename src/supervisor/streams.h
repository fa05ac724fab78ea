/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "supervisor.h"

/*
 * What a command of the machine gets as standard streams where its caller has GIVEN none (-EBADF): nothing to read, and
 * its output goes to the journal, as our unit's. RET has those alone, the caller's; the others stay -EBADF in it.
 */
int streams_open(const Supervisor *s, int ret[static 3], const int given[static 3], Error *error);
