/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "join.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "command.h"
#include "copy.h"
#include "explain.h"
#include "fd-util.h"
#include "kernel.h"
#include "leader-protocol.h"
#include "payload.h"
#include "process-limits.h"
#include "strv.h"
#include "weaken.h"

/* The process that joins. Where its descriptors are, above the standard ones: nothing else of ours is left open. */
enum { FD_SOCKET = 3, FD_LEADER, FD_END };

typedef struct Joiner {
        const JoinRequest *request;
        int socket, leader;
        int proc;                /* the host's, for labels, or -EBADF */
        Credentials credentials;
        char **environment;
        int terminal;
        bool admitted;           /* LEADER_EXEC was read */
} Joiner;

/* In cgroup v2 by being born there. */
static int enter_cgroup(Joiner *j, Error *error) {
        _cleanup_close_ int tasks = cgroup_open_tasks(j->request->cgroup, error);

        return error_is_set(error) ? tasks : cgroup_enter_tasks(tasks, error);
}

/* Before anything of the machine is touched. Twice, since a descriptor's place may be another one's target. */
static int keep_descriptors(Joiner *j, Error *error) {
        int stdio[3], *const kept[] = { &stdio[0], &stdio[1], &stdio[2], &j->socket, &j->leader };
        bool terminal = j->request->terminal;

        memcpy(stdio, j->request->stdio, sizeof(stdio));
        for (size_t i = terminal ? 3 : 0; i < ELEMENTSOF(kept); i++) {
                *kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, FD_END);
                if (*kept[i] < 0)
                        return error_set_errno(error, negative_errno(), "keeping descriptors", NULL);
        }

        if (dup3(j->socket, FD_SOCKET, O_CLOEXEC) < 0 || dup3(j->leader, FD_LEADER, O_CLOEXEC) < 0)
                return error_set_errno(error, negative_errno(), "keeping descriptors", NULL);
        j->socket = FD_SOCKET;
        j->leader = FD_LEADER;

        if (!terminal && payload_connect(stdio, error) < 0)
                return -EBADF;
        if ((terminal && close_range(0, 2, 0) < 0) || (!weakened("descriptors") && close_range(FD_END, ~0u, 0) < 0))
                return error_set_errno(error, negative_errno(), "closing descriptors", NULL);
        return 0;
}

static int open_proc(Joiner *j, Error *error) {
        return label_open_proc(&j->request->confinement->labels, &j->proc, error);
}

/* The pid namespace is entered already, by being born. */
static int enter_namespaces(Joiner *j, Error *error) {
        uint64_t namespaces = plan_all_namespaces(j->request->plan) & ~(uint64_t) CLONE_NEWPID;

        if (setns(j->leader, (int) namespaces) < 0)
                return error_set_errno(error, negative_errno(), "entering the machine's namespaces",
                                       j->request->plan->spec->name);
        j->leader = fd_close(j->leader);
        return 0;
}

/* Root of the machine, as the leader was; a change of ids would make us dumpable (/proc/sys/fs/suid_dumpable). */
static int become_root(Joiner *j, Error *error) {
        if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 ||
            prctl(PR_SET_DUMPABLE, weakened("dumpable")) < 0)
                return error_set_errno(error, negative_errno(), "becoming root of the machine", NULL);
        return 0;
}

static int look_up_user(Joiner *j, Error *error) {
        const JoinRequest *q = j->request;
        int r = credentials_read(q->user, &j->credentials, error);

        if (r < 0)
                return r;
        if (q->terminal && !strv_env_get(q->plan->environment, "TERM")) {
                r = strv_append(&j->environment, "TERM=xterm-256color");
                if (r < 0)
                        return error_oom(error);
        }
        STRV_FOREACH(item, q->environment)
                if (strv_append(&j->environment, *item) < 0)
                        return error_oom(error);
        return payload_environment(q->plan, &j->credentials, j->environment, &j->environment, error);
}

/* Names in there are the machine's: what is behind them is looked at by us here and by the supervisor again. */
static int make_terminal(Joiner *j, Error *error) {
        static const char path[] = "/dev/pts/ptmx";
        _cleanup_close_ int master = -EBADF;
        int unlocked = 0, r;

        if (!j->request->terminal)
                return 0;

        master = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0)
                return error_set_errno(error, negative_errno(), "making a terminal", path);
        j->terminal = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
        if (j->terminal < 0)
                return error_set_errno(error, negative_errno(), "making a terminal", path);
        if (ioctl(j->terminal, TIOCSWINSZ, &j->request->terminal_size) < 0)
                return error_set_errno(error, negative_errno(), "giving the terminal a size", path);
        if (fchown(j->terminal, j->credentials.uid, (gid_t) -1) < 0)
                return error_set_errno(error, negative_errno(), "giving the terminal to the user", j->credentials.name);

        r = leader_send(j->socket, LEADER_TERMINAL, &master, 1);
        return r < 0 ? error_set_errno(error, r, "reporting to the supervisor", NULL) : 0;
}

static int wait_for_limits(Joiner *j, Error *error) {
        j->admitted = true;
        return leader_expect(j->socket, LEADER_EXEC, NULL, 0, error);
}

static int set_limits(Joiner *j, Error *error) {
        return payload_limit(j->request->plan, error);
}

static int take_terminal(Joiner *j, Error *error) {
        int r = payload_begin_session(j->terminal, error);

        if (r < 0 || j->terminal < 0)
                return r;
        r = payload_connect((int[]){ j->terminal, j->terminal, j->terminal }, error);
        if (j->terminal > 2)
                (void) fd_close(j->terminal);
        return r;
}

static int confine(Joiner *j, Error *error) {
        return confinement_apply(j->request->confinement, &j->credentials, j->request->directory, &j->proc, error);
}

static int reset_signals(Joiner *j, Error *error) {
        sigset_t none;

        sigemptyset(&none);
        return payload_reset_signals(&none, error);
}

static int execute(Joiner *j, Error *error) {
        const JoinRequest *q = j->request;

        if (q->copy != JOIN_COPY_NONE)
                return copy_run(q->copy == JOIN_COPY_IN, q->command[0], q->keep_owner ? TAR_KEEP_OWNER : 0, &j->socket, error);
        return command_execute(j->request->command, j->environment, error);
}

static int (*const stages[])(Joiner *j, Error *error) = {
        enter_cgroup,   keep_descriptors, open_proc,     enter_namespaces, become_root, look_up_user, make_terminal,
        wait_for_limits, take_terminal,    reset_signals, set_limits,       confine,     execute,
};

static _noreturn_ void joiner_run(const JoinRequest *request, int socket) {
        Joiner j = { .request = request, .socket = socket, .leader = request->leader->fd, .proc = -EBADF, .terminal = -EBADF };
        Error error = ERROR_NULL;

        for (size_t i = 0; i < ELEMENTSOF(stages); i++)
                if (stages[i](&j, &error) < 0)
                        break;

        /* Closed with something unread, a socket gives its peer ECONNRESET and not what was sent last (unix(7)). */
        if (!j.admitted)
                (void) wait_for_limits(&j, NULL);
        leader_send_failed(j.socket, &error);
        _exit(EXIT_FAILURE);
}

/* The supervisor's side. */

/* Where our next children are born. */
static int set_children_namespace(int pidfd, Error *error) {
        if (setns(pidfd, CLONE_NEWPID) < 0)
                return error_set_errno(error, negative_errno(), "choosing the pid namespace of children", NULL);
        return 0;
}

static pid_t clone_into(const JoinRequest *request, bool own_leaf, int *ret_pidfd) {
        _cleanup_close_ int place = cgroup_open_birthplace(request->cgroup, request->leader->pid, own_leaf);
        int pidfd = -EBADF;
        struct clone_args args = {
                .flags = CLONE_PIDFD,
                .pidfd = (uint64_t) (uintptr_t) &pidfd,
                .exit_signal = SIGCHLD,
        };
        pid_t child;

        if (place >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t) place;
        } else if (place != -ENOENT || own_leaf)
                return place;

        child = kernel_clone3(&args);
        if (child > 0)
                *ret_pidfd = pidfd;
        return child;
}

/* Non-dumpable is inherited: so there is no moment in which the child is. It is set back, since systemd-coredump is to see us. */
static pid_t fork_inside(const JoinRequest *request, int *ret_pidfd, Error *error) {
        _cleanup_close_ int self = pidfd_open(getpid(), 0);
        bool own_pids = plan_all_namespaces(request->plan) & CLONE_NEWPID;
        pid_t child;
        int r;

        if (self < 0)
                return error_set_errno(error, negative_errno(), "opening our own pidfd", NULL);
        if (!weakened("dumpable") && prctl(PR_SET_DUMPABLE, 0) < 0)
                return error_set_errno(error, negative_errno(), "hiding from the machine", NULL);
        r = own_pids ? set_children_namespace(request->leader->fd, error) : 0;
        if (r < 0)
                return r;

        child = clone_into(request, /* own_leaf= */ false, ret_pidfd);
        if (child == -EBUSY || child == -EOPNOTSUPP)
                child = clone_into(request, /* own_leaf= */ true, ret_pidfd);
        if (child == 0)
                return 0;

        (void) prctl(PR_SET_DUMPABLE, 1);
        if (child < 0)
                (void) error_set_errno(error, child, "starting a process in the machine", request->plan->spec->name);
        if (own_pids && set_children_namespace(self, error) < 0 && child > 0) {
                (void) pidfd_send_signal(*ret_pidfd, SIGKILL, NULL, 0);
                (void) waitpid(child, NULL, 0);
                *ret_pidfd = fd_close(*ret_pidfd);
                return -EIO;
        }
        return child;
}

int join_begin(const JoinRequest *request, Joining *ret, Error *error) {
        _cleanup_close_ int ours = -EBADF, theirs = -EBADF;
        Joining joining = JOINING_NULL;
        int pair[2], pidfd, r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_set_errno(error, negative_errno(), "making a socket", NULL);
        ours = pair[0];
        theirs = pair[1];

        joining.child = fork_inside(request, &pidfd, error);
        if (joining.child == 0)
                joiner_run(request, theirs);
        if (joining.child < 0)
                return joining.child;

        r = pidref_from_pidfd_consume(pidfd, &joining.process);
        if (r < 0)
                (void) error_set_errno(error, r, "reading the identity of the command", NULL);
        if (r >= 0)
                r = limits_grant(request->plan, &joining.process, joining.child, error);
        if (r >= 0 && request->report >= 0)
                r = explain_begin(request->plan, request->confinement, joining.child, request->report, &joining.tracer, error);
        if (r >= 0) {
                r = leader_send(ours, LEADER_EXEC, NULL, 0);
                /* It may have failed before: then its own words are in the socket. */
                if (r < 0 && r != -EPIPE && r != -ECONNRESET)
                        (void) error_set_errno(error, r, "letting the command execute", NULL);
                else
                        r = 0;
        }
        if (r < 0) {
                (void) kill(joining.child, SIGKILL);
                (void) waitpid(joining.child, NULL, 0);
                pidref_done(&joining.process);
                return r;
        }

        joining.socket = TAKE_FD(ours);
        *ret = joining;
        return 0;
}

/* The master side of a terminal of some devpts, whatever the machine's name for it led to. */
static bool is_master(int fd) {
        enum { TTYAUX_MAJOR = 5, PTMX_MINOR = 2 };
        struct statfs fs;
        struct stat st;

        return fstat(fd, &st) >= 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(TTYAUX_MAJOR, PTMX_MINOR) &&
               fstatfs(fd, &fs) >= 0 && fs.f_type == DEVPTS_SUPER_MAGIC;
}

int join_outcome(const Joining *joining, int *ret_terminal, Error *error) {
        _cleanup_close_ int terminal = -EBADF;
        int r = leader_read_joining(joining->socket, &terminal, error);

        if (r <= 0)
                return r;
        if (!is_master(terminal)) {
                (void) pidref_kill(&joining->process, SIGKILL);
                return error_set(error, ERROR_NOT_SUPPORTED, ENOTTY, "making a terminal", "/dev/pts/ptmx",
                                 "the machine has something else there");
        }
        *ret_terminal = TAKE_FD(terminal);
        return 1;
}
