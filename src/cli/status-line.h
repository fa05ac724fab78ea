/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "setting.h"

/* One line of a page: a right-aligned label, as systemctl and machinectl have them, or "" to go on below the last one. */
void status_line(const char *label, const char *format, ...) _printf_(2, 3);

/* The arguments of a process with blanks between them, or NULL where they cannot be read. The caller frees it. */
char *status_read_command(uint32_t pid);

/* The cgroup of the unit UNIT that the process LEADER is in, and below it a tree of cgroups and processes. */
void status_print_cgroup(uint32_t leader, const char *unit);

/* What the tree of the process LEADER says that it is; 0: that at ROOT. Nothing where it may not be looked into. */
void status_print_os(uint32_t leader, const char *root);

/* The last so many lines that MACHINE wrote, where they are WHERE its log says: "journal" or "file". */
void status_print_log(const char *machine, const char *where, uint32_t lines);

/* The namespaces of the process LEADER of the machine NAME, and who else is in each. */
void status_print_namespaces(sd_bus *bus, const char *name, uint32_t leader);

/* What the process LEADER may do, as the kernel says, of a machine with the settings of SPEC. */
void status_print_confinement(uint32_t leader, const Spec *spec);
