/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A process that joins a running machine. It is born in the machine's pid namespace and cgroup, as a child of ours,
 * enters all its other namespaces at once by the leader's pidfd (setns(2), Linux 5.8), and goes through the same last
 * steps as the leader did. Nothing in the machine can look into it before it executes: it is not dumpable from its
 * first moment, and holds nothing of the host but what it is given (CVE-2016-9962).
 */

#include <sys/ioctl.h>

#include "cgroup.h"
#include "pidref.h"
#include "plan.h"

/* Instead of executing something. */
typedef enum JoinCopy {
        JOIN_COPY_NONE,
        JOIN_COPY_IN,            /* extracts a stream (tar.h) from standard input; the command is the place where to */
        JOIN_COPY_OUT,           /* writes one to standard output; the command is what */
} JoinCopy;

typedef struct JoinRequest {
        const Plan *plan;        /* of the machine */
        const PidRef *leader;
        const Cgroup *cgroup;
        char *const *command;
        char *const *environment; /* besides the machine's; may be NULL */
        const char *user;
        const char *directory;
        const Confinement *confinement; /* borrowed */
        JoinCopy copy;
        bool keep_owner;         /* with JOIN_COPY_IN: ids as they are in the stream */
        bool terminal;           /* it makes one in the machine's own devpts */
        struct winsize terminal_size; /* that it begins with; zeros: none is known */
        int stdio[3];            /* ignored with a terminal; borrowed */
        int report;              /* where to tell what was refused to it (explain.h), or -EBADF; borrowed */
} JoinRequest;

typedef struct Joining {
        pid_t child;             /* in our own pid namespace; to be waited for */
        PidRef process;          /* with the host's number */
        pid_t tracer;            /* with a report: a child of ours that is to be waited for, too; else 0 */
        int socket;              /* to it: readable once there is something for join_outcome() */
} Joining;

#define JOINING_NULL (Joining){ .process = PIDREF_NULL, .socket = -EBADF }

/* Starts it. REQUEST is not needed any more afterwards. */
int join_begin(const JoinRequest *request, Joining *ret, Error *error);

/*
 * What came of it: 0, it executed the command; 1, here is its terminal (*ret_terminal, the caller's), and more will
 * come; or a negative errno with ERROR as the process said, which ends by itself.
 */
int join_outcome(const Joining *joining, int *ret_terminal, Error *error);
