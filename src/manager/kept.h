/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Machines that are kept, /var/lib/berth/machines/NAME/ (0700): spec.json has what the user set, result.json the
 * state in which the last run ended.
 */

#include "prepare.h"
#include "spec.h"
#include "state.h"

/* Opens the folder of kept machines, and makes it first. The descriptor or a negative errno. */
int kept_open(const Places *places);

int kept_write_spec(int kept_dir, const char *name, const Spec *spec);
int kept_read_spec(int kept_dir, const char *name, Spec **ret, Error *error);

int kept_write_result(int kept_dir, const char *name, const State *state);
/* -ENOENT where it never ran. */
int kept_read_result(int kept_dir, const char *name, State *ret);

/* -EEXIST where NEW_NAME is there. */
int kept_rename(int kept_dir, const char *name, const char *new_name);

bool kept_exists(int kept_dir, const char *name);
int kept_remove(int kept_dir, const char *name);
