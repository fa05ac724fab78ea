/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Prints the introspection XML of an interface (org.berth1.Manager, org.berth1.Machine) on standard output, from the
 * very tables that the service uses and without a bus: dbus/ is checked against it.
 */
int introspect_print(const char *interface);
