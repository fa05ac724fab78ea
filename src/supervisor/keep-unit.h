/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "spec.h"

/*
 * What the manager does for its own machines and a machine in somebody's unit does itself: registration with
 * systemd-machined, and word to berthd if it runs. Over one bus connection that is closed again after a moment,
 * since dbus-daemon allows 256 per user. Neither need be there.
 */
typedef struct KeepUnit KeepUnit;

/* Announces the machine SPEC with its LEADER, or with AGAIN its new one. Returns before anything is answered. */
int keep_unit_announce(sd_event *event, const Spec *spec, pid_t leader, bool again, KeepUnit **ret);
KeepUnit *keep_unit_free(KeepUnit *k);

/*
 * Makes machined forget the machine before the unit ends: left to itself it would ask systemd to stop the unit,
 * which by then may be restarting. Waits for the answer, two seconds at most.
 */
void keep_unit_withdraw(const char *name);
