/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the manager tells of one machine: the properties of its object. */

#include "client.h"
#include "state.h"

typedef struct MachineInfo {
        const char *name, *state, *unit, *root, *result, *reason, *log, *oom_victim, *status_text, *health, *health_output,
                *survivors, *network;
        uint32_t restarts, health_failures, oom_kills, leader, supervisor, uid_shift, uid_count, owner;
        uint64_t started, finished, next_restart, memory_peak, memory_limit, cpu_usec;
        int exit_status;
        int keep_unit;
        char **addresses;        /* owned */
        char *path;              /* of the object, owned */
        sd_bus_message *reply;   /* the strings are in it, owned */
} MachineInfo;

#define MACHINE_INFO_NULL (MachineInfo){}
void machine_info_done(MachineInfo *info);
#define _cleanup_machine_info_ _cleanup_(machine_info_done)

/* Reads all properties of the machine of that name. */
int machine_info_read(sd_bus *bus, const char *name, MachineInfo *ret, Error *error);

/* What one that runs uses now: GetStats() of its object. */
struct Usage;
int machine_read_usage(sd_bus *bus, const MachineInfo *info, struct Usage *ret);
/* One a{st} of such an answer. */
int usage_read_bus(sd_bus_message *m, struct Usage *ret);

/* The settings that a user gave it: a message at its a{sv}. */
int machine_read_settings(sd_bus *bus, const MachineInfo *info, sd_bus_message **ret, Error *error);

/* How a machine that does not run ended, as an exit status. A negative errno with ERROR filled also for one that never ran. */
int machine_last_exit_status(sd_bus *bus, const char *name, Error *error);
