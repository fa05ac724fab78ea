/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The settings files of a machine (systemd.nspawn(5), ".nspawn File Discovery"), and how they go together with what
 * the caller says.
 *
 * The main file is the first that there is of NAME.nspawn in the administrator's folders, a template PREFIX@.nspawn there
 * (for a machine PREFIX-INSTANCE), and NAME.nspawn beside the image. Over it come drop-ins: what ends with .conf in
 * NAME.nspawn.d of any of these folders, in the order of their names. A file beside the image is the image author's word:
 * see SpecFile.trusted.
 */

#include "spec.h"

/* Where the administrator's files are, in the order in which they are searched; ends with NULL. Tests have others. */
extern const char *const settings_folders[];

/*
 * Reads the files of a machine named NAME whose tree or image is at ROOT (absolute), as SPEC->settings_mode says, and puts
 * them under what SPEC has assigned (or over it). *RET_FOUND: whether there was any. Warnings, a line each, are added to *warnings.
 */
int settings_files_apply(const char *const *folders, const char *name, const char *root, Spec *spec, bool *ret_found,
                         char ***warnings, Error *error);
