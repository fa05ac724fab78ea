/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The part of the plan that is about the tree and what is mounted on it. */

#include "plan.h"

/* Fills in tree_mode, mounts and given. */
int plan_mounts(Plan *plan, const PlanHost *host, Error *error);
void plan_mounts_done(Plan *plan);

/* A setting as a mount that is to be made, with M's own strings. */
PlannedMount planned_mount_from_setting(const MountSetting *m);
