/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The machine's cgroup: the unit's own, delegated to us, with payload/ below; and with supervisor/ for us where the payload
 * manages controllers.
 *
 * On a host with cgroup v2 alone there is one hierarchy. On a hybrid host systemd's own hierarchy
 * (name=systemd) and the unified one, which has no controllers but cgroup.freeze and cgroup.kill, are split;
 * the controllers' v1 hierarchies are left as systemd made them: limits are set on the unit's own directory, a
 * devices child would never get later permissions.
 */

#include "error.h"

enum { CGROUP_HIERARCHIES_MAX = 2, CGROUP_CONTROLLERS_MAX = 16 };

typedef struct Cgroup {
        size_t n;                              /* hierarchies that are split */
        int unit[CGROUP_HIERARCHIES_MAX];      /* directories of the unit; the last one is of cgroup v2 */
        int payload[CGROUP_HIERARCHIES_MAX];
        size_t n_controllers;
        int controllers[CGROUP_CONTROLLERS_MAX]; /* the unit's directories in v1 hierarchies, which are not split */
        char *controller_names[CGROUP_CONTROLLERS_MAX]; /* "cpu,cpuacct" */
        bool is_unit[CGROUP_CONTROLLERS_MAX];  /* and not an ancestor's, where systemd has not made it one */
        bool cpuset;                           /* controllers has one of our own making (cgroup-limits.h), and its parent is: */
        int cpuset_parent;
        int memory;                            /* the unit's directory with memory.* files, or -EBADF */
        char *path;                            /* of the unit in systemd's hierarchy */
} Cgroup;

#define CGROUP_NULL (Cgroup){ .unit = { -EBADF, -EBADF }, .payload = { -EBADF, -EBADF }, .cpuset_parent = -EBADF, .memory = -EBADF }

/* Finds the cgroup that we are in. */
int cgroup_open_own(Cgroup *ret, Error *error);
void cgroup_done(Cgroup *cgroup);
#define _cleanup_cgroup_ _cleanup_(cgroup_done)

/*
 * Makes payload/, owned by OWNER. With DELEGATE, and where there are controllers of cgroup v2, we move ourselves to supervisor/,
 * for cgroup_delegate(). That is not done without need: such a move waits for a grace period of the kernel's RCU, 8 ms and more,
 * whenever there was none for as long (cgroup_attach_lock(), kernel/cgroup/cgroup.c).
 */
int cgroup_split(Cgroup *cgroup, uid_t owner, bool delegate, Error *error);

/*
 * Moves a process, by its number in our own pid namespace, into payload/, and where hierarchies are not split into
 * the unit itself: a leader that was cloned before systemd moved us was left behind in all of them.
 */
int cgroup_attach_payload(const Cgroup *cgroup, pid_t pid, Error *error);

/*
 * The cgroup v2 directory in which a process that joins the payload of LEADER (the host's number) is to be born
 * (CLONE_INTO_CGROUP), the caller's; -ENOENT on a host that has no such hierarchy. It is payload/, or with OWN_LEAF the
 * leader's own cgroup: where a system inside has made payload/ an inner node, that can have no processes (cgroups(7)).
 */
int cgroup_open_birthplace(const Cgroup *cgroup, pid_t leader, bool own_leaf);

/*
 * What such a process writes its way with into payload/ of systemd's own hierarchy of cgroup v1, on a hybrid host: the file
 * "tasks", the caller's descriptor; -EBADF with no error set where there is none to enter. A single thread that moves itself by
 * it, and no other way of moving, waits for no grace period (cgroup_procs_write_start(), since Linux 5.5).
 */
int cgroup_open_tasks(const Cgroup *cgroup, Error *error);
/* For the process itself, which has one thread; -EBADF is nothing to do. */
int cgroup_enter_tasks(int tasks, Error *error);

/* Where in cgroup->controllers the v1 hierarchy of that controller is; NULL where there is none. */
int *cgroup_controller(Cgroup *cgroup, const char *name);

/*
 * Looks again where the unit has cgroups: systemd makes them in v1 hierarchies as it is asked for limits. All of the payload
 * is moved into those that are new.
 */
int cgroup_refresh(Cgroup *cgroup, Error *error);

/* Moves every process of the payload into DIR, of one v1 hierarchy, and us, whose children join the payload. */
int cgroup_gather(const Cgroup *cgroup, int dir, Error *error);

/* Its directory of cgroup v2, borrowed; -EBADF on a host that has none. */
int cgroup_payload(const Cgroup *cgroup);

/*
 * Lets the payload use every controller that the unit has, for a system inside. Not before the leader is in payload/: as long as
 * anybody is in the unit's own cgroup the kernel refuses (EBUSY), which is told and no error.
 */
int cgroup_delegate(const Cgroup *cgroup, Error *error);

/* Kills and removes payload/ with all below it, so that cgroup_split() makes it anew. Never called while the leader lives. */
int cgroup_clear_payload(Cgroup *cgroup, Error *error);

/* Kills all of payload/ at once (cgroup.kill, Linux 5.14). */
int cgroup_kill_payload(const Cgroup *cgroup);

/* Calls EACH for every process of payload/ and below, by its number in our own pid namespace. */
int cgroup_each_of_payload(const Cgroup *cgroup, void (*each)(pid_t pid, void *userdata), void *userdata);

/* Sends a signal to every process of payload/ and below. */
int cgroup_signal_payload(const Cgroup *cgroup, int signal);

/* How many processes the kernel killed in the unit for lack of memory; 0 where nobody counts. */
uint64_t cgroup_oom_kills(const Cgroup *cgroup);

/*
 * The unit's highest use of memory, its limit and its CPU time in microseconds, as far as the kernel has them: what it has not
 * is left as it is.
 */
void cgroup_read_usage(const Cgroup *cgroup, uint64_t *memory_peak, uint64_t *memory_limit, uint64_t *cpu_usec);

/* Whether PATH is a unit of this name: the last part of the cgroup path. */
bool cgroup_is_unit(const Cgroup *cgroup, const char *unit);
