/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What was set on a machine's scope while it runs: systemd keeps it in files, /run/systemd/transient/UNIT.d/50-NAME.conf,
 * in the syntax of settings, whoever set it (systemctl set-property, SetUnitProperties(), or we for a caller of ours).
 * They are how we learn of it: systemd sends no signal.
 */

#include "machine.h"

/* Reads what is there into SPEC, the one that the machine was started with. */
void drop_ins_read(const Machine *machine, Spec *spec);

/* Watches them all, and catches up with what has changed before. Fine where systemd has no such folder yet: it is tried again. */
void drop_ins_watch(Manager *manager);
void drop_ins_unwatch(Manager *manager);
