/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Machines that have ended and that systemd-machined is being told to forget: until it has, their names are not free. */

#include "manager.h"

void unregister_begin(Manager *manager, const char *name);

bool unregister_is_pending(const Manager *manager, const char *name);
