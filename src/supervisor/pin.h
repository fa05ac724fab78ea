/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "supervisor.h"

/*
 * Pins the machine's namespace of KIND ("net") to PATH on the host, a file that must not be there yet: it outlives the
 * machine, until the file is unmounted (namespaces(7)). On failure nothing is left.
 */
int pin_namespace(Supervisor *s, const char *kind, const char *path, Error *error);
