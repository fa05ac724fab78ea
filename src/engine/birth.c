/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "birth.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "attach.h"
#include "fd-util.h"
#include "file-util.h"
#include "journal-link.h"
#include "leader-clone.h"
#include "leader-mounts.h"
#include "extra-links.h"
#include "leader-protocol.h"
#include "process-limits.h"
#include "placed-file.h"
#include "remains.h"
#include "rootfs.h"
#include "string-util.h"
#include "strv.h"
#include "timezone.h"
#include "tree.h"

struct Birth {
        const Plan *plan;
        const TreeSource *source; /* borrowed */
        int clone;               /* our copy of the tree's mounts */
        int lowers[TREE_LOWERS_MAX];
        size_t n_lowers;
        Sources sources;         /* what else of the host is shown */
        Scratch scratch;
        Secrets secrets;
        PlacedFiles files;
        Timezone timezone;
        JournalLink journal;
        const char *mount_point; /* borrowed */
        const Namespaces *namespaces; /* to join, borrowed */
        int incoming;            /* borrowed */
        const Cgroup *cgroup;    /* to be born in, borrowed; or NULL */
        void (*meanwhile)(void *userdata);
        void *userdata;

        int host_mounts;         /* the host's mount namespace, to go back to */
        int socket;              /* to the leader */
        pid_t child;             /* the leader, in our pid namespace */
        bool placed;             /* it is in its cgroup */
        uint64_t *times;         /* of its stages, as it writes them; NULL: nobody measures */
        PidRef leader;
        int userns;              /* of the leader, -EBADF without one */
        LeaderMounts leader_mounts;
        char *root_path;         /* the tree in our mount namespace */
        RootfsEnds ends;
};

/* The steps. Each does one thing, fails into the error that the user reads, and leaves nothing that birth_free() or exit does not end. */

static int take_tree(Birth *birth, Error *error) {
        birth->clone = tree_clone(birth->plan, birth->source, error);
        if (birth->clone < 0)
                return birth->clone;
        for (; birth->n_lowers < birth->source->n_lowers; birth->n_lowers++) {
                int *lower = &birth->lowers[birth->n_lowers];

                *lower = tree_clone_lower(birth->source, birth->n_lowers, error);
                if (*lower < 0)
                        return *lower;
        }
        return 0;
}

static int take_sources(Birth *birth, Error *error) {
        int r = sources_take(birth->plan, birth->source->tree, &birth->sources, error);

        if (r >= 0)
                r = secrets_read(birth->plan->spec, &birth->secrets, error);
        if (r >= 0)
                r = placed_files_read(birth->plan, &birth->files, error);
        if (r >= 0)
                r = timezone_read(birth->plan, &birth->timezone, error);
        return r < 0 ? r : journal_link_take(birth->plan, birth->source, &birth->journal, error);
}

/* Mounts made here propagate nowhere, and are gone when we leave and the leader's copy ends. */
static int leave_host_mounts(Birth *birth, Error *error) {
        struct mount_attr private = { .propagation = MS_PRIVATE };

        birth->host_mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
        if (birth->host_mounts < 0)
                return error_set_errno(error, negative_errno(), "opening the host's mount namespace", NULL);
        if (unshare(CLONE_NEWNS) < 0)
                return error_set_errno(error, negative_errno(), "making a mount namespace", NULL);
        if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)) < 0)
                return error_set_errno(error, negative_errno(), "making all mounts private", NULL);
        return 0;
}

static int share_times(Birth *birth, Error *error) {
        void *times = mmap(NULL, LEADER_STAGES_MAX * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        if (times == MAP_FAILED)
                return error_set_errno(error, negative_errno(), "making memory for times", NULL);
        birth->times = times;
        return 0;
}

/* The mount and cgroup namespaces are not made here: see leader.c for why and when. */
static int clone_leader(Birth *birth, Error *error) {
        int pair[2], pidfd = -EBADF, r;
        _cleanup_close_ int self = pidfd_open(getpid(), 0), leader_end = -EBADF, tasks = -EBADF;
        LeaderClone request;
        sigset_t none;

        if (self < 0)
                return error_set_errno(error, negative_errno(), "opening our own pidfd", NULL);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_set_errno(error, negative_errno(), "making the leader's socket", NULL);
        birth->socket = pair[0];
        leader_end = pair[1];
        sigemptyset(&none);

        request = (LeaderClone){
                .plan = birth->plan,
                .namespaces = birth->namespaces,
                .birthplace = birth->cgroup ? cgroup_payload(birth->cgroup) : -EBADF,
                .start = { .plan = birth->plan, .socket = leader_end, .supervisor = self, .tasks = -EBADF,
                           .times = birth->times,
                           .cgroup_namespace = birth->namespaces->fds[NAMESPACE_CGROUP], .signals = &none },
                .ours = birth->socket,
        };
        birth->placed = leader_clone_is_placed(&request);
        if (birth->placed)
                request.start.tasks = tasks = cgroup_open_tasks(birth->cgroup, error);
        if (error_is_set(error))
                return tasks;

        r = leader_clone(&request, &birth->child, &pidfd, error);
        if (pidfd >= 0 && pidref_from_pidfd_consume(pidfd, &birth->leader) < 0 && r >= 0)
                r = error_set_errno(error, -ESRCH, "reading the leader's identity", NULL);
        return r;
}

static int grant_limits(Birth *birth, Error *error) {
        return limits_grant(birth->plan, &birth->leader, birth->child, error);
}

/* All lines are written at once (user_namespaces(7)); without any there is the one of the range. */
static char *map_text(const IdMap *map, char *const *lines) {
        _cleanup_free_ char *text = NULL;

        if (!lines)
                return str_format("%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", map->inside, map->outside, map->count);
        text = strv_join(lines, "\n");
        for (char *p = text; p && (p = strchr(p, ':'));)
                *p = ' ';
        return text ? str_format("%s\n", text) : NULL;
}

static int write_map(const Birth *birth, const char *file, char *const *lines, Error *error) {
        _cleanup_free_ char *path = str_format("/proc/%i/%s", birth->leader.pid, file);
        _cleanup_free_ char *text = map_text(&birth->plan->id_map, lines);
        int r;

        if (!path || !text)
                return error_oom(error);
        r = file_write_value(AT_FDCWD, path, text);
        return r < 0 ? error_set_errno(error, r, "writing the id map", file) : 0;
}

static int map_ids(Birth *birth, Error *error) {
        _cleanup_free_ char *path = NULL;
        int r;

        if (!birth->plan->has_id_map)
                return 0;

        r = birth->plan->namespaces & CLONE_NEWUSER ? write_map(birth, "uid_map", birth->plan->spec->uid_map, error) : 0;
        if (r >= 0 && (birth->plan->namespaces & CLONE_NEWUSER))
                r = write_map(birth, "gid_map", birth->plan->spec->gid_map, error);
        if (r < 0)
                return r;

        path = str_format("/proc/%i/ns/user", birth->leader.pid);
        if (!path)
                return error_oom(error);
        birth->userns = open(path, O_RDONLY | O_CLOEXEC);
        return birth->userns < 0 ? error_set_errno(error, negative_errno(), "opening the leader's user namespace", NULL) : 0;
}

static int mount_the_tree(Birth *birth, Error *error) {
        if (tree_needs_scratch(birth->plan)) {
                int r = scratch_attach(&birth->scratch, birth->mount_point, birth->plan->spec->disk_max, error);

                if (r < 0)
                        return r;
        }
        return tree_mount(
                &(TreeBuild){
                        .plan = birth->plan,
                        .source = birth->source,
                        .clone = birth->clone,
                        .userns = birth->userns,
                        .mount_point = birth->mount_point,
                        .scratch = &birth->scratch,
                        .lowers = birth->lowers,
                },
                &birth->root_path, error);
}

static int make_leader_mounts(Birth *birth, Error *error) {
        return leader_mounts_make(birth->plan, birth->leader.fd, birth->namespaces, &birth->leader_mounts, error);
}

static int mount_api_file_systems(Birth *birth, Error *error) {
        _cleanup_close_ int root = open(birth->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        int r;

        if (root < 0)
                return error_set_errno(error, negative_errno(), "opening the tree", birth->plan->spec->root);
        r = rootfs_mount(
                &(RootfsParts){
                        .plan = birth->plan,
                        .root = root,
                        .userns = birth->userns,
                        .leader = &birth->leader_mounts,
                        .sources = &birth->sources,
                        .scratch = &birth->scratch,
                        .secrets = &birth->secrets,
                        .incoming = birth->incoming,
                },
                &birth->ends, error);
        if (r >= 0)
                r = placed_files_attach(&birth->files, root, &birth->scratch, plan_root_id(birth->plan), error);
        if (r >= 0)
                r = timezone_apply(birth->plan, &birth->timezone, root, error);
        if (r >= 0)
                r = journal_link_attach(&birth->journal, birth->plan, root,
                                        &(BindIds){ .userns = birth->userns, .root = plan_root_id(birth->plan) }, error);
        return r;
}

/* Mounts that are to last are made in the host's mount namespace: ours goes with the last step. */
static int keep_network(Birth *birth, Error *error) {
        _cleanup_free_ char *path = str_format("/proc/%i/ns/net", birth->leader.pid);
        _cleanup_close_ int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC),
                            network = path ? open(path, O_RDONLY | O_CLOEXEC) : -ENOMEM;
        int r;

        if (network < 0)
                return error_set_errno(error, path ? negative_errno() : -ENOMEM, "opening the network namespace", path);

        if (own < 0 || setns(birth->host_mounts, CLONE_NEWNS) < 0)
                return error_set_errno(error, negative_errno(), "going to the host's mount namespace", NULL);
        r = network_keep(birth->plan->spec, network, error);
        if (setns(own, CLONE_NEWNS) < 0 && r >= 0)
                r = error_set_errno(error, negative_errno(), "going back to the mount namespace of our own", NULL);
        return r;
}

/* One end of each link in the leader's network namespace, which takes them along when it ends. */
static int attach_network(Birth *birth, Error *error) {
        int r = extra_links_are_moved(birth->plan->spec) ? keep_network(birth, error) : 0;

        return r < 0 ? r : network_attach(birth->plan->spec, birth->child, error);
}

/* The leader gets the tree's directory to go to, and answers once it is its root. */
static int admit_leader(Birth *birth, Error *error) {
        _cleanup_close_ int root = open(birth->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        int r;

        if (root < 0)
                return error_set_errno(error, negative_errno(), "opening the tree", birth->plan->spec->root);
        r = leader_send(birth->socket, LEADER_ENTER, &root, 1);
        if (r < 0)
                return error_set_errno(error, r, "admitting the leader", NULL);
        birth->meanwhile(birth->userdata);
        return leader_expect(birth->socket, LEADER_INSIDE, NULL, 0, error);
}

/* Our mount namespace, with its copy of all the host's mounts, goes as we leave it. */
static int return_to_host_mounts(Birth *birth, Error *error) {
        if (setns(birth->host_mounts, CLONE_NEWNS) < 0)
                return error_set_errno(error, negative_errno(), "returning to the host's mount namespace", NULL);
        birth->host_mounts = fd_close(birth->host_mounts);
        return 0;
}

/* A step's name is its entry in the time line, too. */
#define STEP(function) { "supervisor: " #function, function }
static const struct {
        const char *name;
        int (*run)(Birth *birth, Error *error);
} steps[] = {
        STEP(take_tree),
        STEP(take_sources),
        STEP(leave_host_mounts),
        STEP(clone_leader),
        STEP(grant_limits),
        STEP(map_ids),
        STEP(mount_the_tree),
        STEP(make_leader_mounts),
        STEP(mount_api_file_systems),
        STEP(attach_network),
        STEP(admit_leader),
        STEP(return_to_host_mounts),
};
#undef STEP

int birth_build(const BirthParts *parts, Timeline *timeline, Birth **ret, Error *error) {
        _cleanup_birth_ Birth *birth = malloc(sizeof(Birth));
        int r = 0;

        if (!birth)
                return error_oom(error);
        *birth = (Birth){
                .plan = parts->plan,
                .source = parts->source,
                .namespaces = parts->namespaces,
                .cgroup = parts->cgroup,
                .mount_point = parts->mount_point,
                .incoming = parts->incoming,
                .meanwhile = parts->meanwhile,
                .userdata = parts->userdata,
                .clone = -EBADF,
                .host_mounts = -EBADF,
                .socket = -EBADF,
                .leader = PIDREF_NULL,
                .userns = -EBADF,
                .leader_mounts = LEADER_MOUNTS_NULL,
                .ends = ROOTFS_ENDS_NULL,
                .journal = JOURNAL_LINK_NULL,
        };

        if (timeline->begin > 0)
                r = share_times(birth, error);
        for (size_t i = 0; i < ELEMENTSOF(steps) && r >= 0; i++) {
                r = steps[i].run(birth, error);
                timeline_mark(timeline, steps[i].name);
        }
        if (r < 0)
                return r;

        *ret = TAKE_PTR(birth);
        return 0;
}

int birth_place(Birth *birth, const Cgroup *cgroup, Error *error) {
        int r = birth->placed ? 0 : cgroup_attach_payload(cgroup, birth->child, error);

        birth->placed = r >= 0;
        return r;
}

int birth_release(Birth *birth, const int stdio[static 3], Error *error) {
        int r = leader_send(birth->socket, LEADER_EXEC, stdio, birth->plan->spec->terminal ? 0 : 3);
        return r < 0 ? error_set_errno(error, r, "letting the leader execute", NULL) : 0;
}

int birth_fd(const Birth *birth) {
        return birth->socket;
}

int birth_outcome(Birth *birth, Timeline *timeline, Error *error) {
        int r = leader_read_outcome(birth->socket, error);

        for (size_t i = 0; birth->times && leader_stage_name(i) && birth->times[i] > 0; i++)
                timeline_add(timeline, leader_stage_name(i), birth->times[i]);
        return r;
}

const PidRef *birth_leader(const Birth *birth) {
        return &birth->leader;
}

pid_t birth_leader_child(const Birth *birth) {
        return birth->child;
}

PidRef birth_take_leader(Birth *birth) {
        PidRef leader = birth->leader;

        birth->leader = PIDREF_NULL;
        birth->child = 0;
        return leader;
}

int birth_take_master(Birth *birth) {
        return TAKE_FD(birth->ends.master);
}

int *birth_take_terminals(Birth *birth) {
        return TAKE_PTR(birth->ends.terminals);
}

int birth_take_notify(Birth *birth) {
        return TAKE_FD(birth->ends.notify);
}

Birth *birth_free(Birth *birth) {
        if (!birth)
                return NULL;

        /* PID 1 of the machine: all that it may have started goes with it. */
        if (birth->child > 0) {
                if (pidref_is_set(&birth->leader))
                        (void) pidref_kill(&birth->leader, SIGKILL);
                (void) fd_close(birth->socket);
                birth->socket = -EBADF;
                (void) waitpid(birth->child, NULL, 0);
        }
        if (birth->host_mounts >= 0)
                (void) setns(birth->host_mounts, CLONE_NEWNS);
        /* It had links, and nobody has taken it over. */
        if (birth->child > 0)
                remains_withdraw(birth->plan->spec);

        pidref_done(&birth->leader);
        leader_mounts_done(&birth->leader_mounts);
        sources_done(&birth->sources);
        scratch_done(&birth->scratch);
        secrets_done(&birth->secrets);
        placed_files_done(&birth->files);
        timezone_done(&birth->timezone);
        journal_link_done(&birth->journal);
        (void) fd_close(birth->clone);
        fd_close_many(birth->lowers, birth->n_lowers);
        (void) fd_close(birth->host_mounts);
        (void) fd_close(birth->socket);
        (void) fd_close(birth->userns);
        (void) fd_close(birth->ends.master);
        (void) fd_close(birth->ends.notify);
        if (birth->ends.terminals)
                fd_close_many(birth->ends.terminals, birth->plan->spec->terminals);
        free(birth->ends.terminals);
        if (birth->times)
                (void) munmap(birth->times, LEADER_STAGES_MAX * sizeof(uint64_t));
        free(birth->root_path);
        free(birth);
        return NULL;
}
