/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "resource.h"

/* The processes of a machine's payload, as /proc tells of them. */
typedef struct Process {
        pid_t pid;               /* the host's numbers */
        pid_t pid_inside;        /* in its own pid namespace */
        uid_t uid;
        char state[2];           /* proc_pid_stat(5) */
        unsigned threads;
        uint64_t cpu_usec;
        uint64_t memory;         /* bytes that are in memory, shared ones too */
        const char *command;     /* printable; its arguments, or in brackets its name */
} Process;

/* Calls EACH for all of them; UNIT as usage_find_unit() has it. One that is gone meanwhile is left out. */
int processes_read(HostKind host, const char *unit, void (*each)(const Process *p, void *userdata), void *userdata);
