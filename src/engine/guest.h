/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a leader finds out about the system that it is about to boot, once the tree is its root. */

#include "macro.h"

/* Whether its systemd refuses cgroup v1: since 256 a hybrid tree counts as v1, and 258 has no code for it any more. */
bool guest_wants_unified(void);
