/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a machine is doing: state.json of the run directory, which the supervisor writes and everybody else
 * reads. The run directory is the registry:
 *
 *   /run/berth/machines/NAME/   0700
 *     spec.json     the resolved spec
 *     state.json    this; replaced atomically
 *     control       unix socket of the supervisor, D-Bus peer to peer
 *     announced     there once the manager has told the bus of the machine
 *     lock          locked by the supervisor for as long as it lives: an entry whose lock is free is dead
 *     root/         mount point of the tree in the supervisor's own mount namespace; empty on the host
 */

#include "error.h"
#include "pidref.h"

typedef enum MachineState {
        MACHINE_CREATED,   /* kept, never ran */
        MACHINE_STARTING,
        MACHINE_RUNNING,
        MACHINE_PAUSED,
        MACHINE_STOPPING,
        MACHINE_EXITED,    /* ended: see result */
        MACHINE_FAILED,    /* did not start, or its supervisor died: see reason */
        _MACHINE_STATE_MAX,
        _MACHINE_STATE_INVALID = -EINVAL,
} MachineState;

typedef enum MachineResult {
        RESULT_NONE,       /* not ended yet */
        RESULT_EXITED,     /* status is the exit status */
        RESULT_SIGNAL,     /* status is the signal */
        RESULT_OOM_KILL,   /* killed for lack of memory; status is the signal */
        RESULT_FAILED,     /* did not start, or its supervisor died */
        _MACHINE_RESULT_MAX,
        _MACHINE_RESULT_INVALID = -EINVAL,
} MachineResult;

typedef enum HealthState {
        HEALTH_UNKNOWN,    /* nothing is checked */
        HEALTH_STARTING,   /* no check has said anything yet */
        HEALTH_HEALTHY,
        HEALTH_UNHEALTHY,
        _HEALTH_STATE_MAX,
        _HEALTH_STATE_INVALID = -EINVAL,
} HealthState;

/* A process as it is written down: enough to find it again and to notice a recycled PID. */
typedef struct ProcessId {
        pid_t pid;
        uint64_t inode;
        uint64_t start_time;
} ProcessId;

typedef struct State {
        char *name;
        MachineState state;
        char *unit;              /* berth-NAME.scope, or under --keep-unit the unit it runs in */
        char *root;
        uint32_t uid_base;       /* of the user namespace; 0 without one, or with the identity */
        uint32_t uid_count;      /* 0 without a user namespace */
        uint32_t owner;          /* the user who had it started */
        ProcessId supervisor;
        ProcessId leader;        /* the host's numbers */
        uint64_t started_usec;   /* CLOCK_REALTIME, 0: not yet */
        uint64_t finished_usec;
        MachineResult result;
        int status;
        char *log;               /* where what it writes is recorded (LogMode), NULL: not known */
        char *reason;            /* for people, with MACHINE_FAILED */
        uint32_t oom_kills;      /* processes that the kernel killed for lack of memory */
        char *oom_victim;        /* "NAME (PID)" of the last of them, NULL: not known */
        uint64_t memory_peak;    /* bytes; these three are of the last kill or of the end, 0: not known */
        uint64_t memory_limit;   /* UINT64_MAX: none */
        uint64_t cpu_usec;
        uint32_t restarts;       /* times that it began again by itself */
        uint64_t restart_usec;   /* when it will the next time, CLOCK_REALTIME; 0: it does not wait for that */
        char *status_text;       /* what the payload says of itself (STATUS= of sd_notify(3)), NULL: nothing */
        HealthState health;
        uint32_t health_failures; /* in a row */
        char *health_output;     /* of the last check, NULL: nothing */
        char *survivors;         /* processes that are there after they were killed, NULL: none */
        bool stopped;            /* somebody asked for the end */
        bool keep_unit;          /* runs in somebody's unit: no scope is its own */
} State;

#define STATE_NULL (State){ .state = MACHINE_CREATED }
void state_done(State *state);
#define _cleanup_state_ _cleanup_(state_done)

/* "running"; and back, _MACHINE_STATE_INVALID for what is none. */
const char *machine_state_to_string(MachineState state);
MachineState machine_state_from_string(const char *s);
const char *machine_result_to_string(MachineResult result);
MachineResult machine_result_from_string(const char *s);
/* "healthy"; "" where nothing is checked. */
const char *health_state_to_string(HealthState state);
HealthState health_state_from_string(const char *s);

/* Whether the machine has, or is getting, processes. */
static inline bool machine_state_is_alive(MachineState state) {
        return state == MACHINE_STARTING || state == MACHINE_RUNNING || state == MACHINE_PAUSED || state == MACHINE_STOPPING;
}

int state_to_json(const State *state, char **ret);
int state_from_json(const char *text, State *ret, Error *error);

/* Reads and replaces NAME (state.json, result.json) in a directory. -ENOENT where there is none. */
int state_read_at(int dirfd, const char *name, State *ret);
int state_write_at(int dirfd, const char *name, const State *state);

static inline ProcessId process_id(const PidRef *p) {
        return (ProcessId){ .pid = p->pid, .inode = p->inode, .start_time = p->start_time };
}
