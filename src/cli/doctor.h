/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What berth doctor's checks say. */

#include "output.h"

typedef enum Health {
        HEALTH_OK,
        HEALTH_NOTE,             /* something works less well */
        HEALTH_BAD,              /* something does not work */
} Health;

typedef struct Doctor {
        bool bad;                /* something was */
        bool root;
        Table *table;            /* what is said goes there; NULL: to standard output */
} Doctor;

/* One line: what was looked at, how it is, and where it is not well what does not work and how to mend it. */
void doctor_say(Doctor *d, Health health, const char *what, const char *format, ...) _printf_(4, 5);

/* Whether others' rules of the packet filter would drop what machines send and get. */
void doctor_check_firewall(Doctor *d);

/* Whether systemd-networkd, which runs, has files that take links away from berth. */
void doctor_check_networkd(Doctor *d);
