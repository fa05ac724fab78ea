/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"

/* The AppArmor profile that ships with berth (policy/apparmor). */
#define APPARMOR_PROFILE "berth-machine"

/* Whether this kernel has AppArmor, and it is on; and whether a profile of this name is loaded. On the host, as root. */
bool label_has_apparmor(void);
bool label_apparmor_is_loaded(const char *profile);

/*
 * Puts the profile on what this process will execute next (aa_change_onexec(2)). By the process itself, in whatever
 * /proc is mounted.
 */
int label_apparmor_on_exec(const char *profile, Error *error);
