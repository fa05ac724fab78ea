/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The manager's side of the spawner.
 *
 * The spawner is berth-supervisor --spawner: one warm, single-threaded process that the manager starts
 * before it sandboxes itself, and that forks one supervisor per request. It has one SOCK_SEQPACKET socket to
 * the manager and ends when that is closed. Requests and replies are one message each, in order.
 */

#include <sys/ioctl.h>

#include "error.h"
#include "namespace.h"

typedef enum SpawnFlags {
        SPAWN_PLAN = 1 << 0,     /* print the plan to stdout_fd and exit: nothing is made */
        SPAWN_EMPTY = 1 << 1,    /* no machine at all: remove what is in the folder run_dir, which takes rights that berthd lacks */
        SPAWN_NETWORK_SWEEP = 1 << 2,  /* no machine: take away what no living machine uses of the networks, or else, and exit */
        SPAWN_NETWORK_RELOAD = 1 << 3, /* no machine: make the packet filter anew, and exit */
        /* No machine: make a tree in the folder run_dir, called by stdin_fd's first line, of tree; its path follows. */
        SPAWN_CLONE = 1 << 5,
        SPAWN_IMAGE = 1 << 6,    /* no machine: what image-job.h describes, in the folder run_dir; stdin_fd has the job */
        SPAWN_HOST_PIDS = 1 << 4, /* the supervisor is in the host's pid namespace: only from there others can be joined */
        /* No machine yet: the reply is a supervisor that waits, so that a scope can be made around it; one at a time. */
        SPAWN_RESERVE = 1 << 7,
        SPAWN_RESERVED = 1 << 8, /* to be taken by that one, or by nobody */
        SPAWN_PLACED = 1 << 9,   /* with SPAWN_RESERVED: it is in its scope */
} SpawnFlags;

/*
 * What a supervisor gets. All descriptors are the caller's and stay so; -EBADF means: not there.
 * Without stdin_fd … stderr_fd and without a terminal in the spec, input is /dev/null and output goes to the journal.
 */
typedef struct SpawnRequest {
        SpawnFlags flags;
        int run_dir;             /* directory of the machine, with spec.json in it */
        int tree;                /* O_PATH: the root directory */
        int name_lock;           /* the lock file of the run directory, locked */
        int range_lock;          /* of the range of user ids, or -EBADF */
        int address_lock;        /* of the machine's addresses, or -EBADF */
        int link;                /* one end of a SOCK_STREAM pair: the supervisor serves org.berth1.Supervisor on it */
        int session;             /* one end of a SOCK_STREAM pair: the supervisor serves org.berth1.Session on it; or -EBADF */
        int stdin_fd, stdout_fd, stderr_fd;
        /*
         * One end of a pipe that the supervisor closes as soon as it has opened the devices that its tree needs, or -EBADF.
         * In the machine's scope it may not open them.
         */
        int devices;
        Namespaces namespaces;   /* to join */
        struct winsize terminal_size; /* that its terminal begins with; zeros: none is known */
} SpawnRequest;

#define SPAWN_REQUEST_NULL                                                                                               \
        (SpawnRequest){ .run_dir = -EBADF, .tree = -EBADF, .name_lock = -EBADF, .range_lock = -EBADF,                    \
                        .address_lock = -EBADF, .link = -EBADF, .session = -EBADF, .stdin_fd = -EBADF,                   \
                        .stdout_fd = -EBADF, .stderr_fd = -EBADF, .devices = -EBADF, .namespaces = NAMESPACES_NULL }

/*
 * How a process that is no supervisor says on its stderr_fd how its work went, in one line: "+NUMBER" when it is done, or the
 * D-Bus name of the error, a space and its text. Nothing at all: it was killed.
 */
void spawn_print_result(int fd, int r, uint64_t number, const Error *error);

/* The other side: 0 with the number, or the error. TEXT is what was read. */
int spawn_read_result(const char *text, const char *step, uint64_t *ret_number, Error *error);

/* Closes and forgets all descriptors of it. */
void spawn_request_close(SpawnRequest *request);

/* Starts the spawner. *ret is the manager's end of its socket, non-blocking and close-on-exec. */
int spawner_start(int *ret, Error *error);

/* Sends one request. -EAGAIN where the spawner is behind: try again when the socket is writable. */
int spawner_send(int socket, const SpawnRequest *request);

/*
 * Reads the next reply: the supervisor's pidfd, the caller's, or with a negative return the errno with which
 * the fork failed. -EAGAIN: none yet. -ECONNRESET: the spawner is gone.
 */
int spawner_receive(int socket, int *ret_pidfd);
