/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who the payload is. All of it runs in the leader, once the tree is its root directory. */

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

/*
 * Becomes the user, with exactly CAPABILITIES left where it is root, none where it is not, and never more to
 * be had: bounding set, ids, then permitted, effective and (empty) inheritable and ambient sets.
 */
int credentials_apply(const Credentials *credentials, uint64_t capabilities, bool no_new_privileges, Error *error);
