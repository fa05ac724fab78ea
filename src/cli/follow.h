/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What happens to machines, as berthd tells it through a pipe (FollowEvents() of org.berth1(5)): no connection to the bus is held.
 * When berthd ends, or was too fast for us, what happened meanwhile is told from how the machines were and are.
 */

#include <jansson.h>
#include <stdio.h>

#include "error.h"

typedef struct Follow {
        char *const *names;      /* none: all */
        FILE *f;
        json_t *states;          /* of each machine that is known */
        json_t *seen;            /* in the survey that comes in just now; NULL: there is none */
        bool first;              /* it is the first one */
        json_t *pending;         /* events to be told, an array */
} Follow;

/* Begins. NAMES, which may be empty, are borrowed. */
int follow_open(char *const *names, Follow *ret, Error *error);

void follow_done(Follow *follow);
#define _cleanup_follow_ _cleanup_(follow_done)

/*
 * Waits for the next event: an object with "event", most with "machine" and "time_usec", the caller's. The first ones, up to one
 * called "following", are how each machine is at the beginning, with a true "survey".
 */
int follow_next(Follow *follow, json_t **ret, Error *error);
