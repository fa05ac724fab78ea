/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What security modules of the kernel take a process for. */

#include "error.h"

/* The AppArmor profile that ships with berth (policy/apparmor). */
#define APPARMOR_PROFILE "berth-machine"

/* What the next program that a process executes is labelled. Borrowed; NULL: as the kernel decides. */
typedef struct Labels {
        const char *apparmor;    /* profile */
        const char *selinux;     /* context */
} Labels;

/* Whether this kernel has the module, and it is on; and whether a profile of this name is loaded. On the host, as root. */
bool label_has_apparmor(void);
bool label_apparmor_is_loaded(const char *profile);
bool label_has_selinux(void);

/*
 * Labels are written to files of /proc by the process that they are for, when it is in the machine already: by then the machine may
 * have mounted what it likes over its own /proc, to keep the label from being set, or to have something else written to. So
 * this opens the host's before a process enters the machine: *ret, or -EBADF where there are no labels.
 */
int label_open_proc(const Labels *labels, int *ret, Error *error);

/* Sets them, by what label_open_proc() gave (aa_change_onexec(2), setexeccon(3)). */
int label_on_exec(const Labels *labels, int proc, Error *error);
