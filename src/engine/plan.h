/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The plan of a start: everything that will be made, in order, with resolved values. It is computed from the
 * spec without touching the host, can be printed (berth run --plan), and is all that the later steps read.
 */

#include <sched.h>
#include <stdio.h>

#include "cgroup-limits.h"
#include "confinement.h"
#include "filter-policy.h"
#include "mount-setting.h"
#include "id-map.h"
#include "passed-sockets.h"
#include "spec.h"

typedef enum MountKind {
        MOUNT_TMPFS,
        MOUNT_DEV,       /* a tmpfs with the device nodes and links of the container interface */
        MOUNT_DEVPTS,
        MOUNT_CONSOLE,   /* the machine's terminal over /dev/console */
        MOUNT_PROC,      /* these three belong to the leader's namespaces, so are made from inside them */
        MOUNT_SYSFS,
        MOUNT_MQUEUE,
        MOUNT_HOST_SYS,  /* the host's /sys, where the machine has the host's network */
        MOUNT_HOST_SHM,  /* /dev/shm of whoever the machine shares its IPC with: the host, or a machine */
        MOUNT_JOINED_SHM,
        MOUNT_HOST_CGROUP, /* the host's view of all cgroups, read-only */
        MOUNT_READ_ONLY, /* what is at the target, read-only */
        MOUNT_MASK,      /* nothing to see: an empty directory, or a null device over a file; fine if the target is not there */
        MOUNT_CGROUP,    /* the payload's own cgroups; by the leader, once it is in them */
        MOUNT_BIND,      /* a file or directory from elsewhere */
        MOUNT_OVERLAY,   /* directories from elsewhere as one */
        MOUNT_RUN_HOST,  /* what the machine may know of its host (run-host.h) */
        MOUNT_WRITABLE,  /* what is at the target, writable again below something that is read-only */
        MOUNT_CREDENTIALS, /* the machine's credentials, a file each */
        MOUNT_INCOMING,  /* where systemd-machined brings mounts in from (incoming.h) */
        _MOUNT_KIND_MAX,
} MountKind;

/* Where credentials are, by systemd's Container Interface. */
#define CREDENTIALS_PATH "/run/host/credentials"

/* Where machined looks for what it has mounted for a machine: bind_mount_in_namespace() in systemd. */
#define INCOMING_PATH "/run/host/incoming"

typedef struct PlannedMount {
        MountKind kind;
        const char *target;      /* in the machine */
        uint64_t attributes;     /* MOUNT_ATTR_*, mount_setattr(2) */
        const char *options;     /* of the file system, "mode=1777,size=10%" */

        /* Of what a setting gave (mount-setting.h), whose strings these are. */
        char *const *sources;    /* of an overlay the layers, the lowest one first */
        MountOwners owners;
        bool recursive;
        bool given;              /* by a setting: it is an error where it cannot be made */
} PlannedMount;

typedef struct PlannedNode {
        const char *name;        /* below /dev */
        uint32_t major, minor;   /* a character device, mode 0666 */
} PlannedNode;

typedef struct PlannedLink {
        const char *name;        /* below /dev */
        const char *target;
} PlannedLink;

typedef enum TreeMode {
        TREE_WRITABLE,
        TREE_READ_ONLY,
        TREE_EPHEMERAL,          /* an overlay whose upper layer is a tmpfs of the machine's mount namespace */
        TREE_LAYER,              /* an overlay whose upper layer is the machine's own and lasts */
        TREE_USR,                /* a tmpfs with the tree's /usr in it, read-only */
} TreeMode;

/* The leader unshares the first two later, and is born into the last (clocks.h). In clone3(2) its bit is part of the signal. */
#define NAMESPACES_NOT_CLONED ((uint64_t) (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWTIME))

typedef struct Plan {
        const Spec *spec;        /* borrowed: for names and lists that are taken as they are */
        uint64_t namespaces;     /* CLONE_NEW*: not all are made by the clone, see NAMESPACES_NOT_CLONED */
        uint64_t joined;         /* CLONE_NEW* of those that are entered, and were others' before */
        bool has_id_map;
        IdMap id_map;
        TreeMode tree_mode;
        PlannedMount *mounts;    /* in order */
        size_t n_mounts;
        bool resolv_conf;        /* one of the host's resolv.conf is shown */
        MountSetting *given;     /* what settings ask for, read: sorted by target */
        size_t n_given;
        const PlannedNode *nodes; /* terminated by a NULL name */
        const PlannedLink *links;
        Confinement confinement; /* of the payload */
        CgroupLimits cgroup_limits;         /* that berth sets itself: none on a host with cgroup v2 alone */
        FilterPolicy filter;     /* what confinement.filter is made from, by plan_make_filter() */
        int oom_score;           /* of the payload: our own is another (process-limits.h) */

        PassedSockets sockets;   /* the payload's, from the unit */
        bool notify_socket;      /* the payload may tell its state by sd_notify(3) */
        char **environment;      /* complete, but for HOME, USER and LOGNAME, which /etc/passwd of the machine gives */
} Plan;

/* Where the payload finds the socket that notifications go to. */
#define RUN_HOST_NOTIFY "/run/host/notify"

/* What the plan needs to know about the host. */
typedef struct PlanHost {
        bool unified;            /* cgroup v2 alone */
        uint64_t capabilities;   /* what berth itself has: nobody can give more */
        bool selinux;            /* is on */
        bool apparmor;           /* is on */
        bool apparmor_profile;   /* and berth's own profile is loaded */
        IdMap joined_map;        /* of the user namespace that is joined; given by the caller, as is what follows */
        int oom_score;           /* of a process of the machine, if it sets none */
        PassedSockets sockets;   /* that our unit was started with */
} PlanHost;

/* Reads the facts of this host. */
int plan_host_read(PlanHost *ret, Error *error);

/* Makes the plan of a resolved spec, which must outlive it. */
int plan_new(const Spec *spec, const PlanHost *host, Plan **ret, Error *error);
/* Gets the program of the system call filter, mostly from DIRECTORY where they are kept: without it the plan can only be printed. */
int plan_make_filter(Plan *plan, const char *directory, Error *error);

/* The confinement of a process that joins the machine with these capabilities; the caller's. */
int plan_confine_joining(const Plan *plan, uint64_t capabilities, const char *directory, Confinement *ret, Error *error);
Plan *plan_free(Plan *plan);
DEFINE_CLEANUP(Plan *, plan_free);
#define _cleanup_plan_ _cleanup_(plan_freep)

/* All namespaces that are not the host's: what a process has to enter to be in the machine. */
static inline uint64_t plan_all_namespaces(const Plan *plan) {
        return plan->namespaces | plan->joined;
}

/* Host id of the machine's root: what its own files, nodes and mounts belong to. */
static inline uint32_t plan_root_id(const Plan *plan) {
        return plan->has_id_map ? plan->id_map.outside : 0;
}

/* Writes the plan for people, one step a line. */
void plan_print(const Plan *plan, FILE *f);

const char *mount_kind_name(MountKind kind);

/* Whether there is a mount of the kind. */
bool plan_has_mount(const Plan *plan, MountKind kind);
