/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plan.h"

/* Which namespaces are made, which entered, and the id map that follows. Before the mounts, which depend on it. */
void plan_namespaces(Plan *plan, const PlanHost *host);

/* Mounts of the plan that are others' where the namespace they belong to is. After the mounts. */
void plan_share_mounts(Plan *plan);
