/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One machine as the manager sees it. Its truth is elsewhere: in its entry of the registry while it runs, and,
 * where it is kept, in its folder below the state folder (kept.h) afterwards.
 */

#include "link.h"
#include "manager.h"
#include "spec.h"
#include "state.h"

typedef struct Start Start;

struct Machine {
        Manager *manager;
        char *path;              /* of its object on the bus */
        State state;
        Spec *spec;              /* read when it is needed first: machine_spec() */

        bool kept;               /* stays when it has ended */
        bool present;            /* has an entry in the registry */
        bool announced;          /* the bus has heard of it */
        bool stopped;            /* its supervisor was asked to stop it */
        bool unregistered;       /* machined does not know of its run: not yet, or not any more */

        struct UsageFiles *usage_files;
        char *cgroup;            /* of its unit, once somebody has asked what it uses (stats.c) */
        PidRef supervisor;
        sd_event_source *supervisor_source;
        sd_event_source *collect_timer;
        sd_event_source *register_timer; /* machined is told of it then */
        Link *link;              /* may be missing: then it is tried again (registry.h) */
        Start *start;            /* it is being started, and this looks after it */
};

/* A machine in the table, with nothing known but its name. */
int machine_new(Manager *manager, const char *name, Machine **ret);

/* Takes it out of the table. The bus hears of it by machine_bus_removed() only. */
Machine *machine_free(Machine *machine);
DEFINE_CLEANUP(Machine *, machine_free);

static inline const char *machine_name(const Machine *machine) {
        return machine->state.name;
}

/* What the machine was, or is to be, run with. NULL, with ERROR set, where it can't be read. It stays the machine's. */
const Spec *machine_spec(Machine *machine, Error *error);
/* Forgets it, for it changed. */
void machine_drop_spec(Machine *machine);

/* Takes the content of STATE over and tells the bus what changed. */
void machine_set_state(Machine *machine, State *state);

/* The state of a machine that is about to be, of its resolved SPEC; the caller's. -ENOMEM. */
int machine_first_state(const Spec *spec, State *ret);

/* Whether a machine that is present will not be for long: it stops, has ended, or its start is being undone. */
bool machine_is_ending(const Machine *machine);

/* Why the registry says that it failed; NULL where it does not. The caller frees it. */
char *machine_peek_reason(const Machine *machine);

/* Tells machined of a machine that has begun to run, if it still does in a moment. */
void machine_register_soon(Machine *machine);

/* Takes over what the registry says where all that is known is that it was to start. */
void machine_refresh_starting(Machine *machine);

/*
 * Watches the supervisor, whose reference it takes over (also on failure). Its end is the machine's, unless a
 * start is under way: then the start looks after it.
 */
int machine_watch(Machine *machine, PidRef *supervisor);

/* Links, over a descriptor that it takes over, or with -EBADF by the control socket. */
int machine_link(Machine *machine, int fd);

/* The link of a machine that runs, or ERROR_MACHINE_NOT_RUNNING. */
int machine_get_link(Machine *machine, Link **ret, Error *error);

/*
 * Records the end of a machine whose supervisor is gone: takes its entry out of the registry, keeps the result
 * and tells the bus. REASON is why it failed, if nobody lived to write it down; NULL: its supervisor was killed.
 * The machine is freed here if it is not kept.
 */
void machine_collect(Machine *machine, const char *reason);
