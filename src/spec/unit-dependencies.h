/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which machines and units a machine's own unit, berth@NAME.service, is ordered with and needs: settings that systemd acts on,
 * and not berth, so they are written for it as a drop-in of that unit (systemd.unit(5)).
 */

#include "spec.h"

/* "berth@NAME.service"; the caller frees it; NULL without memory. */
char *unit_of_machine(const char *name);

/* The drop-in for SPEC, whose name goes into it. *RET is NULL, the caller's, where SPEC says nothing of the kind. 0 or -ENOMEM. */
int unit_dependencies_format(const Spec *spec, char **ret);
