/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who the payload is, looked up in the leader once the tree is its root directory. confinement.h makes it so. */

#include <sys/types.h>

#include "error.h"

typedef struct Credentials {
        uid_t uid;
        gid_t gid;
        gid_t *groups;           /* supplementary */
        size_t n_groups;
        char *name;              /* of the user, or NULL where only the number is known */
        char *home;
} Credentials;

#define CREDENTIALS_NULL (Credentials){}
void credentials_done(Credentials *credentials);
#define _cleanup_credentials_ _cleanup_(credentials_done)

/* Looks USER (NAME, UID, with an optional :GROUP) up in /etc/passwd and /etc/group, as the files are; NULL is root. */
int credentials_read(const char *user, Credentials *ret, Error *error);
