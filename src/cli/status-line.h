/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "setting.h"

/* One line of a page: a right-aligned label, as systemctl and machinectl have them, or "" to go on below the last one. */
void status_line(const char *label, const char *format, ...) _printf_(2, 3);

/* The namespaces of the process LEADER of the machine NAME, and who else is in each. */
void status_print_namespaces(sd_bus *bus, const char *name, uint32_t leader);

/* What the process LEADER may do, as the kernel says, of a machine with the settings of SPEC. */
void status_print_confinement(uint32_t leader, const Spec *spec);
