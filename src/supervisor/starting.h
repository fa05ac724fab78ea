/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "supervisor.h"

/* From a machine that is built to one that runs: its place in the cgroups, its hooks, its exec, its word that it is ready. */

/* The cgroup of the unit that we are in becomes the machine's. Before it is built, where there is a unit already. */
int starting_take_place(Supervisor *s, Error *error);

/* Nobody but the manager makes scopes: it is there, could not be made, or the manager died meanwhile. */
void starting_on_scope_ready(Supervisor *s);
void starting_on_scope_failed(Supervisor *s);
void starting_on_manager_lost(Supervisor *s);

/*
 * The manager died in the middle of a start, so nobody will say that the scope is there. To leave before systemd
 * has made it would leave it active and empty for good: waits until we find ourselves in UNIT, or with NULL in any scope of a
 * machine, or are sure that nobody asked for it. And then for a while, since systemd moves us before it is done with the unit.
 * (The next manager stops a machine's all the same; but there may be none for long.)
 */
void starting_await_scope(const char *unit);

/* Its prestart hooks have run: the payload may be executed. */
void starting_let_go(Supervisor *s);

/* The leader said how its exec went. */
void starting_on_executed(Supervisor *s);

/* It said that it is ready, or did not in time. */
void starting_on_ready(Supervisor *s);
void starting_on_not_ready(Supervisor *s);

/* The leader ended before: while the scope was waited for, its hooks ran, or it was to become ready. */
void starting_on_exited_waiting(Supervisor *s);
void starting_on_exited_hooking(Supervisor *s);
void starting_on_exited_readying(Supervisor *s);

/* It is to stop before it runs. */
void starting_on_stop(Supervisor *s);
