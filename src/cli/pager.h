/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Long output on a terminal, a screen at a time, as systemctl(1) has it. */

#include "pidref.h"

typedef struct Pager {
        pid_t pid;               /* 0: there is none */
} Pager;

#define PAGER_NULL (Pager){}

/*
 * From here on standard output goes to $SYSTEMD_PAGER, $PAGER or less(1), where it is a terminal, one of them is there, and the
 * variable is not empty or "cat". What can't be had is done without.
 */
void pager_open(Pager *pager);

/* Ends standard output and waits for whoever reads. */
void pager_close(Pager *pager);
