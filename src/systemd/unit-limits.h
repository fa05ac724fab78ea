/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The limits of a machine that runs in a unit of somebody else's (--keep-unit): sent to that unit, since it is the
 * machine's. What the unit sets itself wins.
 *
 * systemd keeps what it is told this way until the host is rebooted, and does not tell it from what the unit sets itself.
 * So what was sent is written down, in /run too, and the unit's next start knows its own from ours.
 */

#include "spec.h"

/*
 * Sends what SPEC sets in [Resources] to UNIT, and takes back what an earlier run sent and this one does not set. Waits for
 * systemd's answers. Does not even connect to the bus where there is nothing to do. ERROR has systemd's own words where it
 * refuses, or says why this host cannot do it.
 */
int unit_limits_apply(const char *unit, const Spec *spec, Error *error);
