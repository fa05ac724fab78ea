/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Opens the namespaces that a machine is to join: those of another machine by its leader's pidfd, those at paths by
 * the file. Once, by whoever prepares the machine: what is entered later is what was looked at here.
 */

#include "spec.h"

/*
 * Opens what SPEC joins. MACHINES is the folder of the registry. Where that user namespace is the host's own, SPEC
 * becomes one without any. ERROR_NO_SUCH_MACHINE, ERROR_MACHINE_NOT_RUNNING, ERROR_INVALID_VALUE.
 */
int namespaces_open(int machines, Spec *spec, Namespaces *ret, Error *error);

/*
 * Those at paths that the manager, which has next to no privileges, was not allowed to open: /proc/PID/ns of a process
 * of the host takes the right to trace it (namespaces(7)).
 */
int namespaces_open_rest(Spec *spec, Namespaces *namespaces, Error *error);
