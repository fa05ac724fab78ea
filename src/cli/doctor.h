/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What berth doctor's checks say. */

#include "macro.h"

typedef enum Health {
        HEALTH_OK,
        HEALTH_NOTE,             /* something works less well */
        HEALTH_BAD,              /* something does not work */
} Health;

typedef struct Doctor {
        unsigned found[HEALTH_BAD + 1];
        bool root;
} Doctor;

/* One line: what was looked at, how it is, and where it is not well what does not work and how to mend it. */
void doctor_say(Doctor *d, Health health, const char *what, const char *format, ...) _printf_(4, 5);

/* Whether others' rules of the packet filter would drop what machines send and get. */
void doctor_check_firewall(Doctor *d);
