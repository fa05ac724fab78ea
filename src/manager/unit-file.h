/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The drop-in of a machine's own unit, /etc/systemd/system/berth@NAME.service.d/50-berth.conf: what its settings say about its place
 * among other units (unit-dependencies.h). It lies there, and not in /run, as it has to be there when the host boots.
 */

#include "call.h"

/*
 * Writes it anew from the settings of the machine NAME, kept or only installed, and removes it where they say nothing or there is no
 * such machine. systemd is told where it changed. What fails is logged: the machine itself is none the worse for it.
 */
void unit_file_update(Manager *manager, const char *name);

/*
 * After the machine NAME was removed: no drop-in, and where nothing of the name is left that the unit could start, it is not
 * enabled any more.
 */
void unit_file_forget(Manager *manager, const char *name);

/* After a machine was renamed: what was said of its unit, and whether that is enabled, is so of the other. */
void unit_file_rename(Manager *manager, const char *old, const char *name);

/* The method UpdateMachineUnit(), for settings files, which nobody tells us about. */
int unit_file_update_run(Call *call, Error *error);
