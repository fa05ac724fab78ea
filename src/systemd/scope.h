/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A machine's scope: asking systemd for berth-NAME.scope with the supervisor in it, and knowing when it is there.
 * A unit of that name which is on its way out is waited for; one that failed, or that a dead supervisor left
 * active and empty, is cleared away.
 */

#include "spec.h"
#include "systemd.h"

typedef struct Scope Scope;

/* The name of a machine's scope. NULL without memory. */
char *scope_unit_name(const char *machine);

/* Whether the settings in SPEC can be turned into unit properties, before anything is started. Types must have been loaded where
 * property_spec_needs_types() says so. */
int scope_check(Systemd *systemd, const Spec *spec, Error *error);

/* R is 0: the supervisor is in its scope; else ERROR says why it will not be. The scope object may be freed by the handler. */
typedef void (*ScopeHandler)(void *userdata, int r, const Error *error);

/*
 * Starts a scope around SUPERVISOR for the machine that the resolved SPEC describes; SPEC must stay until the end.
 * HANDLER is called once, never from within this function. On failure ERROR says why, and there is nothing to free.
 */
int scope_start(Systemd *systemd, const Spec *spec, pid_t supervisor, ScopeHandler handler, void *userdata, Scope **ret,
                Error *error);

/* Whether both specs would be given the same scope, but for its name. */
bool scope_is_alike(const Spec *a, const Spec *b);

/* The scope is another's from now on: its handler, and the spec, which is alike and must stay until the end. */
void scope_hand_over(Scope *scope, const Spec *spec, ScopeHandler handler, void *userdata);

/*
 * For a name that is free and is to be given again. systemd notices that a cgroup is empty 10 ms after it was filled at the
 * earliest (CGROUP_FILE_NOTIFY_MIN_INTV in kernel/cgroup/cgroup.c), and until then refuses another unit of that name. So where a
 * scope that we made for MACHINE is still there, and nobody can be in it who matters, systemd is told to stop it: that is done
 * before scope_start() needs the name, and where it is not, that waits.
 */
void scope_make_way(Systemd *systemd, const char *machine);

/* Forgets it: HANDLER is not called any more. What systemd has begun goes on. */
Scope *scope_free(Scope *scope);
DEFINE_CLEANUP(Scope *, scope_free);
