/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The credentials of a machine (systemd.exec(5)): read on the host, written where only the machine's root reads them. */

#include "plan.h"

typedef struct Secret {
        char *id;
        char *data;
        size_t size;
} Secret;

typedef struct Secrets {
        Secret *items;
        size_t n;
} Secrets;

/* Overwrites what it frees. */
void secrets_done(Secrets *secrets);

/* Collects what the spec sets, and the files that it names, in the host's mount namespace. */
int secrets_read(const Spec *spec, Secrets *ret, Error *error);

/* Writes a file for each into the directory DIR. */
int secrets_write(const Secrets *secrets, int dir, uint32_t owner, Error *error);
