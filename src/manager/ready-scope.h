/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A scope that is made before anybody asks for it. What a start waits for longest is systemd, which makes the scope; and the first
 * move between cgroups after a quiet time, which systemd makes for it, waits for a grace period of the kernel (grace-period.h). So
 * where machines that nobody named, and of which nothing is kept, come regularly, the next one's name is chosen when one was answered,
 * and a supervisor that waits for its machine is put in a scope of that name, with the last one's properties. A start that is to
 * have the same properties takes both; its leader is born in its cgroup, and nothing is moved at all. What nobody takes goes after
 * a while.
 *
 * There is one at most, and nothing is written down of it: it ends with us.
 */

#include "pidref.h"
#include "scope.h"

typedef struct Manager Manager;
typedef struct ReadyScope ReadyScope;

/* Whether a start that begins now does so right after the last one that was expected: so may the next one. */
bool ready_scope_is_in_a_row(const Manager *manager);

/*
 * A start of the resolved SPEC, which picked a name and is removed when it ends, was answered: the next one may be like it. IN_A_ROW:
 * and may come so soon that grace periods are worth their price.
 */
void ready_scope_expect(Manager *manager, const Spec *spec, bool in_a_row);

/* A machine has ended: what was put off for its sake need not be. */
void ready_scope_hurry(Manager *manager);

/*
 * One that fits SPEC, which has no name yet, or NULL: it is the caller's, until it is used or given back. While systemd is not done
 * with it, it is taken all the same.
 */
ReadyScope *ready_scope_take(Manager *manager, const Spec *spec);

/* For who did not use it. Accepts NULL. */
void ready_scope_give_back(ReadyScope *ready);

/* Its machine's name, borrowed, and whether systemd is done with it. */
const char *ready_scope_name(const ReadyScope *ready);
bool ready_scope_is_made(const ReadyScope *ready);

/*
 * Its supervisor has taken the start of SPEC, which must stay until the end: the object is gone. Returns 1 where the scope is there;
 * 0 where HANDLER will be called as by scope_start(), with *ret as there; negative, and its supervisor is in no scope.
 */
int ready_scope_use(ReadyScope *ready, const Spec *spec, ScopeHandler handler, void *userdata, Scope **ret);

/* Ends what waits. Accepts NULL. */
ReadyScope *ready_scope_free(ReadyScope *ready);
DEFINE_CLEANUP(ReadyScope *, ready_scope_free);
