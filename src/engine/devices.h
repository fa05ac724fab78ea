/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Nodes for devices of the host that the machine was given. They are new inodes in the machine's own /dev: the
 * host's node is looked at, not bound, so that neither its owner nor its mode can be changed from inside.
 */

#include "plan.h"

/*
 * Makes the nodes below DEV, the root of a file system that only we can reach so far. Mode and owner are those of the
 * host's node, as ids of the machine.
 */
int devices_make(const Plan *plan, int dev, Error *error);
