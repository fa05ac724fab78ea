/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * berthd: a view over the registry (state.h), and the one who starts machines. It holds nothing that it could
 * not read again: killed at any moment, its successor has the whole picture before it answers its first call.
 * Nothing in it waits: what takes time is an operation with a deferred reply.
 */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "error.h"
#include "grace-period.h"
#include "prepare.h"
#include "systemd.h"

typedef struct DropIns DropIns;
typedef struct Machine Machine;
typedef struct Operation Operation;
typedef struct Spawner Spawner;

enum {
        MACHINES_MAX = 4096,     /* of all users together, kept ones included */
        MACHINES_PER_USER = 512, /* that run, where BERTH_MACHINES_PER_USER says nothing else */
        OPERATIONS_MAX = 8192,   /* calls that are not answered yet; one user gets far fewer (authorize.c) */
};

typedef struct Manager {
        const Places *places;
        int machines_dir;        /* the registry */
        int kept_dir;            /* settings and last result of machines that are kept */

        sd_event *event;
        sd_bus *bus;
        Systemd *systemd;
        Spawner *spawner;
        GracePeriod *grace_period; /* NULL: nothing to be gained by one */
        struct ReadyScope *ready_scope; /* for the next start, or NULL */
        uint64_t ready_scope_usec; /* when the last start was answered that another one might follow (CLOCK_MONOTONIC) */

        Machine **machines;      /* sorted by name, which is how they are found and listed */
        size_t n_machines;

        Operation *operations;
        size_t n_operations;

        size_t machines_per_user; /* that run; root may have any number */
        size_t n_turns;          /* starts that are under way (start.c) */
        struct Authorizer *authorizer;

        DropIns *drop_ins;       /* of scopes that have some */
        sd_event_source *drop_ins_source;

        struct ImageWatch *image_watch;
        struct Follower *followers;

        sd_event_source *reconcile_timer;
        uint64_t reconcile_usec; /* its interval */
        sd_event_source *network_timer; /* networks that no machine uses are taken away then (network.c) */
        bool network_stale;      /* a machine was killed, and its ports and its name may still be known */
        sd_event_source *idle_timer;
        bool leaving;            /* gives its name up, and ends as soon as nothing is left to do */
        bool released;           /* the name is gone: no further call can come */
} Manager;

/* A manager without a bus. SPAWNER_SOCKET is taken over, also on failure. */
int manager_new(const Places *places, int spawner_socket, Manager **ret, Error *error);
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager *, manager_free);

/*
 * Connects to the system bus, reads the registry, takes the name and tells what changed. From then on the event
 * loop does the rest.
 */
int manager_start(Manager *manager, Error *error);

/* The machine of this name, or NULL. */
Machine *manager_find(Manager *manager, const char *name);

/* As manager_find(), with ERROR_NO_SUCH_MACHINE. */
int manager_get(Manager *manager, const char *name, Machine **ret, Error *error);

/* The machine that a process of the host belongs to. */
int manager_find_by_pid(Manager *manager, pid_t pid, Machine **ret, Error *error);

/* For machine_new() and machine_free(): the table. */
int manager_insert(Manager *manager, Machine *machine);
void manager_remove(Manager *manager, Machine *machine);

/* To be called when NAME has become free: who waits for it goes on. */
void manager_name_is_free(Manager *manager, const char *name);

/* To be called when something ended: it may have been the last thing to do. */
void manager_check_idle(Manager *manager);
