/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The leader: PID 1 of the machine until it becomes the payload. It is our own code inside the machine's
 * namespaces, so it holds nothing of the host that it does not need, is not dumpable, and reads nothing of the
 * tree before the tree is its root.
 */

#include "leader.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/mount.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach.h"
#include "cgroup.h"
#include "command.h"
#include "confinement.h"
#include "fd-util.h"
#include "guest.h"
#include "leader-protocol.h"
#include "loopback.h"
#include "mount.h"
#include "path-util.h"
#include "payload.h"
#include "strv.h"
#include "stub-init.h"
#include "timeline.h"
#include "weaken.h"

/* What one stage after another fills in. */
typedef struct Leader {
        const LeaderStart *start;
        const Plan *plan;
        int socket;
        int proc;                /* the host's, for labels, or -EBADF */
        int stdio[3];            /* what LEADER_EXEC brought, -EBADF with a terminal */
        Credentials credentials;
        char **environment;
        int looked_up;           /* these two: negative errno, with the error to come */
        Error look_up_error;
} Leader;

/* The death of the supervisor ends the machine. The check closes the gap before prctl() took effect. */
static int die_with_supervisor(Leader *leader, Error *error) {
        struct pollfd supervisor = { .fd = leader->start->supervisor, .events = POLLIN };

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
                return error_set_errno(error, negative_errno(), "tying the leader to the supervisor", NULL);
        if (poll(&supervisor, 1, 0) != 0)
                return error_set(error, ERROR_START_FAILED, ESRCH, "tying the leader to the supervisor", NULL, "it is gone");
        return 0;
}

/* Where the unit was there before us. The descriptor was opened by one who may: we are root of nothing yet. */
static int enter_cgroup(Leader *leader, Error *error) {
        return cgroup_enter_tasks(leader->start->tasks, error);
}

static int open_proc(Leader *leader, Error *error) {
        return label_open_proc(&leader->plan->confinement.labels, &leader->proc, error);
}

static int prepare_namespaces(Leader *leader, Error *error) {
        if ((leader->plan->namespaces & CLONE_NEWUTS) &&
            sethostname(leader->plan->spec->hostname, strlen(leader->plan->spec->hostname)) < 0)
                return error_set_errno(error, negative_errno(), "setting the host name", leader->plan->spec->hostname);
        return leader->plan->namespaces & CLONE_NEWNET ? loopback_raise(error) : 0;
}

/*
 * Our copy of the mount namespace belongs to our user namespace, so all that was built in the original is
 * locked: it can be neither unmounted nor uncovered, whatever capabilities the payload has
 * (mount_namespaces(7)). Its topmost mount is locked too, hence the clone over itself before pivot_root(2). All of it is
 * private already, but what has to stay a slave (MOUNT_INCOMING).
 */
static int enter_tree(Leader *leader, Error *error) {
        const char *object = leader->plan->spec->root;
        _cleanup_close_ int root = -EBADF;

        if (unshare(CLONE_NEWNS) < 0)
                return error_set_errno(error, negative_errno(), "making the mount namespace", NULL);

        root = open_tree(AT_FDCWD, ".", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
        if (root < 0)
                return error_set_errno(error, negative_errno(), "cloning the mounts of", object);
        if (move_mount(root, "", AT_FDCWD, ".", MOVE_MOUNT_F_EMPTY_PATH) < 0 || fchdir(root) < 0)
                return error_set_errno(error, negative_errno(), "attaching the tree", object);

        /* pivot_root(".", ".") stacks the old root on the new one, where it can be let go (pivot_root(2), notes). */
        if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
                return error_set_errno(error, negative_errno(), "making the tree the root directory", object);
        return 0;
}

/* Until the maps were written we had no id; now root of the machine. */
static int become_root(Leader *leader, Error *error) {
        if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                return error_set_errno(error, negative_errno(), "becoming root of the machine", NULL);

        /* A change of ids makes a process dumpable as /proc/sys/fs/suid_dumpable says, and forgets the death signal. */
        return die_with_supervisor(leader, error);
}

/* The links are there by the time that we are admitted. */
static int configure_network(Leader *leader, Error *error) {
        return network_configure(leader->plan->spec, error);
}

/* The working directory is what follows into our own copy of the mount namespace; a descriptor would not. */
static int wait_for_tree(Leader *leader, Error *error) {
        _cleanup_close_ int tree = -EBADF;
        int r = leader_expect(leader->socket, LEADER_ENTER, &tree, 1, error);

        if (r < 0)
                return r;
        return fchdir(tree) < 0 ? error_set_errno(error, negative_errno(), "entering the tree", leader->plan->spec->root) : 0;
}

static int report_inside(Leader *leader, Error *error) {
        int r = leader_send(leader->socket, LEADER_INSIDE, NULL, 0);

        return r < 0 ? error_set_errno(error, r, "reporting to the supervisor", NULL) : 0;
}

static int wait_for_cgroup(Leader *leader, Error *error) {
        return leader_expect(leader->socket, LEADER_EXEC, leader->stdio, leader->plan->spec->terminal ? 0 : 3, error);
}

static int attach_cgroup(const char *type, const char *options, const PlannedMount *m, const char *target, Error *error) {
        _cleanup_close_ int mount = mount_new(type, options, m->attributes, error), at = -EBADF;

        if (mount < 0)
                return mount;
        at = open(target, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (at < 0)
                return error_set_errno(error, negative_errno(), "opening the mount point", target);
        return mount_attach(mount, at, target, error);
}

/*
 * On a hybrid host only those hierarchies are shown in which the payload has a cgroup of its own: in the
 * others its namespace would show what lies beside it.
 */
static int mount_hybrid_cgroups(const PlannedMount *m, Error *error) {
        static const struct {
                const char *directory, *type, *options;
        } hierarchies[] = {
                { "/sys/fs/cgroup/systemd", "cgroup", "none,name=systemd" },
                { "/sys/fs/cgroup/unified", "cgroup2", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(hierarchies); i++) {
                int r;

                if (mkdir(hierarchies[i].directory, 0755) < 0)
                        return error_set_errno(error, negative_errno(), "making the mount point", hierarchies[i].directory);
                r = attach_cgroup(hierarchies[i].type, hierarchies[i].options, m, hierarchies[i].directory, error);
                if (r < 0)
                        return r;
        }

        /* The directory that they hang in had to be writable until now. */
        if (mount_setattr(AT_FDCWD, m->target, 0, &(struct mount_attr){ .attr_set = MOUNT_ATTR_RDONLY },
                          sizeof(struct mount_attr)) < 0)
                return error_set_errno(error, negative_errno(), "making the directory of cgroups read-only", m->target);
        return 0;
}

static bool plan_is_hybrid(const Plan *plan) {
        for (size_t i = 0; i < plan->n_mounts; i++)
                if (plan->mounts[i].kind == MOUNT_TMPFS && streq(plan->mounts[i].target, "/sys/fs/cgroup"))
                        return true;
        return false;
}

static int enter_cgroup_namespace(Leader *leader, Error *error) {
        const Plan *plan = leader->plan;

        /* Only now that we are in our cgroup: the namespace shows as its root where its creator is (cgroup_namespaces(7)). */
        if ((plan->namespaces & CLONE_NEWCGROUP) && unshare(CLONE_NEWCGROUP) < 0)
                return error_set_errno(error, negative_errno(), "making the cgroup namespace", NULL);
        /* What it shows is to be mounted, which takes rights over whose it is. */
        if ((plan->joined & CLONE_NEWCGROUP) && setns(leader->start->cgroup_namespace, CLONE_NEWCGROUP) < 0)
                return error_set(error, ERROR_START_FAILED, errno, "joining the namespace", "cgroup", "%s",
                                 errno == EPERM ? "it belongs to another user namespace than the machine's; join that one too "
                                                  "(UserNamespace=)"
                                                : errno_text(errno));

        for (size_t i = 0; i < plan->n_mounts; i++) {
                const PlannedMount *m = &plan->mounts[i];
                bool hybrid;
                int r;

                if (m->kind != MOUNT_CGROUP)
                        continue;
                /* Over the directory that was made for the v1 hierarchies. */
                hybrid = plan_is_hybrid(plan) && !(plan->spec->boot && guest_wants_unified());
                r = hybrid ? mount_hybrid_cgroups(m, error) : attach_cgroup("cgroup2", NULL, m, m->target, error);
                if (r == -ENOENT && (plan->joined & CLONE_NEWCGROUP)) {
                        error_done(error);
                        return error_set(error, ERROR_START_FAILED, ENOENT, "joining the namespace", "cgroup",
                                         "the cgroup at which it begins is gone with its machine");
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

/* While systemd makes the scope. Nobody listens yet: what is wrong is told afterwards. */
static int look_up_user(Leader *leader, Error *error) {
        leader->looked_up = credentials_read(leader->plan->spec->user, &leader->credentials, &leader->look_up_error);
        if (leader->looked_up >= 0)
                leader->looked_up = payload_environment(leader->plan, &leader->credentials, NULL, &leader->environment,
                                                        &leader->look_up_error);
        return 0;
}

static int know_user(Leader *leader, Error *error) {
        if (leader->looked_up < 0)
                *error = leader->look_up_error;
        return leader->looked_up;
}

static int take_terminal(Leader *leader, Error *error) {
        int fd = -EBADF, r;

        if (leader->plan->spec->terminal) {
                fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
                if (fd < 0)
                        return error_set_errno(error, negative_errno(), "opening the terminal", "/dev/console");
                for (size_t i = 0; i < ELEMENTSOF(leader->stdio); i++)
                        leader->stdio[i] = fd;
        }

        r = payload_begin_session(fd, error);
        return r < 0 ? r : payload_connect(leader->stdio, error);
}

/*
 * All but the streams, the unit's sockets, our socket and /proc goes now: the latter once the label is set, the socket with
 * the exec, which is how the supervisor learns of it.
 */
static int close_descriptors(Leader *leader, Error *error) {
        int first = passed_sockets_end(&leader->plan->sockets);
        int r = weakened("descriptors") ? 0 : fd_close_others(first, (int[]){ leader->socket, leader->proc }, 2);

        return r < 0 ? error_set_errno(error, r, "closing descriptors", NULL) : 0;
}

static int keep_sockets(Leader *leader, Error *error) {
        return passed_sockets_keep(&leader->plan->sockets, &leader->environment, error);
}

static int confine(Leader *leader, Error *error) {
        return confinement_apply(&leader->plan->confinement, &leader->credentials, leader->plan->spec->working_directory,
                                 &leader->proc, error);
}

/* The init in front has the payload's credentials too, but only a process that still has privileges may choose its PID. */
static int put_init_in_front(Leader *leader, Error *error) {
        pid_t child;
        int r;

        if (!leader->plan->spec->process_two)
                return 0;

        child = stub_init_fork(error);
        if (child <= 0)
                return child;
        r = confinement_apply(&leader->plan->confinement, &leader->credentials, NULL, &leader->proc, error);
        if (r < 0)
                return r;
        stub_init_run(child);
}

static int reset_signals(Leader *leader, Error *error) {
        return payload_reset_signals(leader->start->signals, error);
}

static int apply_limits(Leader *leader, Error *error) {
        return payload_limit(leader->plan, error);
}

/* As systemd-nspawn(1) looks for one. ERROR is of the last: what all systems have. */
static int execute_init(Leader *leader, Error *error) {
        static const char *const paths[] = { "/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/sbin/init" };
        char *const *parameters = leader->plan->spec->parameters;
        _cleanup_free_ char **command = calloc(strv_length(parameters) + 2, sizeof(char *));

        if (!command)
                return error_oom(error);
        for (size_t i = 0; i < strv_length(parameters); i++)
                command[i + 1] = parameters[i];

        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                command[0] = (char *) paths[i];
                (void) execve(command[0], command, leader->environment);
                if (errno != ENOENT && errno != ENOTDIR)
                        break;
        }
        return command_execute(command, leader->environment, error);
}

static int execute(Leader *leader, Error *error) {
        if (leader->plan->spec->boot)
                return execute_init(leader, error);
        return command_execute(leader->plan->spec->parameters, leader->environment, error);
}

/* The life of a leader, in order. Each stage fails into the error that the user reads. */
#define STAGE(function) { "leader: " #function, function }
static const struct {
        const char *name;
        int (*run)(Leader *leader, Error *error);
} stages[] = {
        STAGE(die_with_supervisor),
        STAGE(enter_cgroup),
        STAGE(open_proc),
        STAGE(prepare_namespaces),
        STAGE(wait_for_tree),
        STAGE(configure_network),
        STAGE(enter_tree),
        STAGE(become_root),
        STAGE(report_inside),
        STAGE(look_up_user),
        STAGE(wait_for_cgroup),
        STAGE(know_user),
        STAGE(enter_cgroup_namespace),
        STAGE(put_init_in_front),
        STAGE(take_terminal),
        STAGE(close_descriptors),
        STAGE(reset_signals),
        STAGE(apply_limits),
        STAGE(keep_sockets),
        STAGE(confine),
        STAGE(execute),
};
#undef STAGE
_Static_assert(ELEMENTSOF(stages) <= LEADER_STAGES_MAX, "there is no room for the times of all stages");

const char *leader_stage_name(size_t i) {
        return i < ELEMENTSOF(stages) ? stages[i].name : NULL;
}

void leader_run(const LeaderStart *start) {
        Leader leader = { .start = start,
                          .plan = start->plan,
                          .socket = start->socket,
                          .proc = -EBADF,
                          .look_up_error = ERROR_NULL,
                          .stdio = { -EBADF, -EBADF, -EBADF } };
        Error error = ERROR_NULL;

        for (size_t i = 0; i < ELEMENTSOF(stages); i++) {
                if (stages[i].run(&leader, &error) < 0)
                        break;
                if (start->times)
                        start->times[i] = timeline_now();
        }

        leader_send_failed(leader.socket, &error);
        _exit(EXIT_FAILURE);
}
