/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who follows what happens to machines: through a pipe of his own, and without a connection to the bus, of which a user has but
 * 256. What is written is JSON, an object a line. The kernel's buffer is all that there is for one: nobody who does not read is
 * waited for, and what there was no room for is told as soon as there is ("lost"), with how all machines are by then.
 */

#include "call.h"
#include "machine.h"

typedef struct Follower Follower;

/* For call-table.c: FollowEvents(). */
int follow_read(Call *call, Error *error);
int follow_run(Call *call, Error *error);

/* What machine-bus.c tells the bus. */
void follow_changed(Machine *machine, const char *const *properties);
void follow_out_of_memory(Machine *machine);
void follow_came(Machine *machine, bool is_new);

/* All of them, at the manager's end. */
void followers_free(Manager *manager);
