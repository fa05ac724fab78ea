/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "setting.h"

/* One line of a page: a right-aligned label, as systemctl and machinectl have them, or "" to go on below the last one. */
void status_line(const char *label, const char *format, ...) _printf_(2, 3);

/* What the process LEADER may do, as the kernel says, of a machine with the settings of SPEC. */
void status_print_confinement(uint32_t leader, const Spec *spec);
