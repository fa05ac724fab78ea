/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whether a caller may do what it asks for: root may; for others polkit decides (polkit(8)). Both the caller's
 * user id and polkit's answer are asked for without waiting.
 */

#include "operation.h"

/* The actions of policy/org.berth1.policy. */
#define ACTION_RUN "org.berth1.run-machine"
#define ACTION_RUN_PRIVILEGED "org.berth1.run-privileged-machine"
#define ACTION_MANAGE "org.berth1.manage-machines"
#define ACTION_EXEC "org.berth1.exec"
#define ACTION_NETWORKS "org.berth1.manage-networks"
#define ACTION_SHELL "org.berth1.shell"
#define ACTION_VOLUMES "org.berth1.manage-volumes"
#define ACTION_IMAGES "org.berth1.manage-images"
/* No action: everybody may, and all that is asked is who it is. */
#define ACTION_ANYBODY "*"
/* No action: root alone, whatever polkit says. */
#define ACTION_ROOT ""

/* What a polkit rule can decide by. All may be NULL. */
typedef struct AuthorizeDetails {
        const char *machine;
        const char *command;
        const char *image;
} AuthorizeDetails;

typedef struct Authorization Authorization;

/* R is 1: allowed, 0: denied, -EBUSY: it was refused by operation_charge(). */
typedef void (*AuthorizeHandler)(void *userdata, int r, const Error *error);

/*
 * All who wait for an answer. polkit gets a limited number of questions at once, and of one user's even fewer, so that
 * nobody's unanswered prompts keep others from being served. NULL without memory.
 */
typedef struct Authorizer Authorizer;
Authorizer *authorizer_new(void);
/* After all its authorizations. */
Authorizer *authorizer_free(Authorizer *authorizer);

/*
 * Asks for the sender of CALL, whom OPERATION is charged to. HANDLER is called once, never from within this function; it may free the
 * authorization, and freeing it before means that HANDLER is not called.
 */
int authorize(Authorizer *authorizer, Operation *operation, sd_bus_message *call, const char *action,
              const AuthorizeDetails *details, AuthorizeHandler handler, void *userdata, Authorization **ret);

Authorization *authorization_free(Authorization *a);
