/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The supervisor: one process per machine. It builds the machine, waits for its scope, lets the payload
 * execute, serves its control socket and its sessions, and ends with it.
 */

#include <sys/ioctl.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "birth.h"
#include "cgroup.h"
#include "publish.h"
#include "restart-policy.h"
#include "snapshot.h"
#include "source.h"
#include "config.h"
#include "spawn.h"
#include "state.h"
#include "timeline.h"
#include "title.h"

/* Where programs of system call filters are kept: of this boot, for root alone. */
#define FILTER_DIRECTORY BERTH_RUN_DIR "/filters"

typedef struct Console Console;
typedef struct Connection Connection;
typedef struct KeepUnit KeepUnit;
typedef struct Notify Notify;

/* Where a machine's life stands; machine.c has the table of what each event does in each phase. */
typedef enum Phase {
        PHASE_WAITING,   /* built, or failed to build; the scope is not there yet */
        PHASE_HOOKING,   /* built, and in its cgroup; its prestart hooks run */
        PHASE_EXECUTING, /* released: the payload is being executed */
        PHASE_READYING,  /* executed; it is to say that it is ready */
        PHASE_RUNNING,
        PHASE_PAUSING,   /* its processes are being frozen */
        PHASE_PAUSED,
        PHASE_REBOOTING, /* it begins again, by itself or by its policy, once the terminal's last words are delivered and it
                          * has waited long enough */
        PHASE_STOPPING,  /* asked to end, timer armed */
        PHASE_KILLING,   /* killed, waiting for the leader to be reaped */
        PHASE_DRAINING,  /* it is over; the terminal's last words are on their way */
        PHASE_ENDED,     /* the sessions are being told */
        _PHASE_MAX,
} Phase;

typedef enum Event {
        EVENT_SCOPE_READY,
        EVENT_SCOPE_FAILED,
        EVENT_MANAGER_LOST,
        EVENT_OUTCOME,       /* the leader's socket is readable: executed, or why not */
        EVENT_HOOKS_DONE,    /* those that were to run have */
        EVENT_UNHEALTHY_KILL,    /* its health checks have failed, and this is to be done */
        EVENT_UNHEALTHY_RESTART,
        EVENT_READY,         /* the payload says so */
        EVENT_LEADER_EXITED,
        EVENT_STOP,
        EVENT_FROZEN,        /* something about the freezing of the payload has changed */
        EVENT_NOT_FROZEN,    /* it has not come to it in time */
        EVENT_TIMEOUT,       /* of a stop, or of waiting for sessions */
        EVENT_CONSOLE_DONE,  /* all that the terminal said is delivered */
        EVENT_LOG_DONE,      /* and recorded */
        EVENT_SESSION_TOLD,  /* a session has asked for the result and got it */
        EVENT_SESSION_LOST,  /* or is gone */
        _EVENT_MAX,
} Event;

typedef struct Supervisor {
        sd_event *event;
        int loop_result;         /* of preparing it: 1 before that, a negative errno with loop_error */
        Error loop_error;
        int link, session;       /* what the manager gave us, until the loop serves them */
        Spec *spec;
        Plan *plan;
        Birth *birth;            /* until the payload runs */
        Cgroup cgroup;
        bool placed;             /* its payload/ is there */
        State state;             /* what everybody may know */
        Timeline timeline;       /* of the start, where somebody measures */
        Phase phase;
        Error error;             /* why the start failed */
        PidRef leader;
        pid_t leader_child;      /* its number in our own pid namespace */
        bool stopped;            /* the end was asked for */
        bool by_hand;            /* somebody ended it: it does not begin again */
        bool rebooted;           /* this is not its first life */
        RestartHistory history;
        uint64_t delay_usec;     /* to wait before the next life */
        sd_event_source *status_timer;
        struct Hooks *hooks;     /* that run */
        struct Health *health;
        bool signalled;          /* the payload was asked to end */
        bool again;              /* it ends to begin again */
        Notify *notify;          /* what the payload tells of itself */
        int told_status;         /* the exit status that the system inside told, or -1 */
        bool exited;             /* the leader was reaped: result and status are in state */
        bool keep_unit;          /* in a unit of somebody else's */
        KeepUnit *announcement;
        sd_event_source *announce_timer; /* until it is made */
        bool managed;            /* a manager knew us: it removes the run directory */

        bool has_links;          /* of which some may not go with its network namespace */
        bool network_pinned;     /* it may outlive the machine */
        Ports ports;             /* published: sockets of the host and elements of its packet filter */
        Publisher *publisher;

        int run_dir;
        int tree;
        Snapshot snapshot;       /* of the tree, for this life */
        int oom_score;           /* that we were started with (process-limits.h) */
        unsigned n_sockets;      /* that our unit was started with (passed-sockets.h) */
        char *socket_names;
        Source source;           /* what the machine is made from, where it may be made again */
        int devices;             /* spawn.h; or -EBADF */
        int locks[4];            /* name, range, that of a range which is another's, and addresses; held until we end */
        int stdio[3];
        Namespaces namespaces;   /* to join, until the leader has */

        Console *console;        /* with a terminal */
        Console **terminals;     /* the further ones, as many as the spec says; NULL: none */
        uint32_t draining;       /* terminals that have not delivered all yet */
        struct winsize terminal_size; /* that it begins with */
        struct Recorder *recorder; /* where what it writes is recorded */
        Connection *connections; /* list of all peers */
        struct Exec *execs;      /* list of processes that joined */
        size_t n_execs;
        struct LiveBind *live_binds; /* list of what was bound in since */
        sd_bus_message *start_call; /* the manager's Start(), unanswered */
        sd_event_source *oom_source, *oom_timer;
        sd_event_source *trim_timer; /* what the start needed of memory is given back then */
        uint64_t oom_counted, oom_usec; /* kills that are in state, and when the last one was seen */
        unsigned oom_looks;
        bool oom_leader;         /* the leader was dying when the last one was seen */
        struct LimitsCall *limits_calls; /* that wait for systemd */
        sd_bus_message *freeze_call; /* a Pause(), unanswered */
        sd_event_source *freeze_source, *freeze_timer;
        sd_event_source *outcome_source, *leader_source, *timer;
} Supervisor;

/* The life of a forked supervisor: takes over all descriptors of REQUEST and returns the exit status. */
int supervisor_main(SpawnRequest *request, const Title *title);

/* The same inside a unit of somebody else's: SPEC is open (unresolved), stdio is our own. */
int supervisor_main_keep_unit(Spec *spec, bool plan_only, const Title *title);

/* Touches what every supervisor will use, so that its pages are shared. */
void supervisor_warm_up(void);

/* The empty directory that the machine was built at, by its path. The caller frees it. */
int supervisor_mount_point(const Supervisor *s, char **ret, Error *error);

/* Builds the machine once more, in the cgroups that it has: up to where release() is to be called. */
bool supervisor_may_begin_again(const Supervisor *s);
int supervisor_build_again(Supervisor *s, Error *error);

/* Moves interfaces of the host that are in the machine back, where that was not done. */
void supervisor_withdraw_links(Supervisor *s);

/* machine.c: what happens */
void supervisor_dispatch(Supervisor *s, Event event);
/* Moves to a phase, and says so as a state. */
void supervisor_set_state(Supervisor *s, Phase phase, MachineState state);
/* Publishes s->state: state.json and StateChanged. */
void supervisor_publish(Supervisor *s);
/* EVENT_TIMEOUT, once, after USEC; takes the place of one that is armed. */
int supervisor_arm_timer(Supervisor *s, uint64_t usec);
/* The result of the last wait for the leader, into s->state. */
void supervisor_record_exit(Supervisor *s, const siginfo_t *info);
/* Somebody ends the machine by a signal. */
void supervisor_note_signal(Supervisor *s, int signal);
/* A line of what the leader told by sd_notify(3): a NotifyHandler. */
void supervisor_on_notify(const char *name, const char *value, void *userdata);
