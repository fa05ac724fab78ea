/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rootfs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bind.h"
#include "devices.h"
#include "fd-util.h"
#include "mount.h"
#include "overlay.h"
#include "path-util.h"
#include "run-host.h"
#include "string-util.h"
#include "strv.h"
#include "weaken.h"

/* What the loop carries from mount to mount. */
typedef struct Rootfs {
        const Plan *plan;
        int root;                /* O_PATH, borrowed */
        const LeaderMounts *leader;
        Sources *sources;
        Scratch *scratch;
        const Secrets *secrets;
        int incoming;            /* borrowed */
        BindIds ids;
        int dev;                 /* the attached /dev */
        int devpts;              /* its devpts instance */
        bool bound_nodes;        /* our own nodes are bound over those in /dev, which are plain files */
        int empty;               /* an empty read-only directory to cover directories with */
        int master;              /* of the terminal */
        int *terminals;          /* those of the further ones */
        size_t n_terminals;
        int notify;              /* the socket for notifications */
        uint32_t owner;          /* host id of the machine's root */
} Rootfs;

/* The kinds: each makes one detached mount, or gives -ENOENT where there is nothing to do. */

/* What labels the files of a file system that is the machine's own, or nothing (mount(8), "context="). */
static char *context_option(const Rootfs *rootfs) {
        const char *context = rootfs->plan->spec->selinux_apifs_context;

        return context ? str_format(",context=\"%s\"", context) : strdup("");
}

/* OPTIONS, behind the owner that the root of a file system made by the host is to have. */
static char *with_owner(const Rootfs *rootfs, const char *options) {
        _cleanup_free_ char *context = context_option(rootfs);

        return context ? str_format("uid=%" PRIu32 ",gid=%" PRIu32 ",%s%s", rootfs->owner, rootfs->owner, options, context)
                       : NULL;
}

static int make_tmpfs(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        _cleanup_free_ char *options = with_owner(rootfs, m->options);

        if (!options)
                return error_oom(error);
        return mount_new("tmpfs", options, m->attributes, error);
}

/*
 * Nodes are made by the host's root on a tmpfs of its own: the leader may not, in a user namespace (EPERM). Nor may we, where
 * berth itself runs in a machine: then the machine that we are in has nodes to bind.
 */
static int make_node(Rootfs *rootfs, int dev, const PlannedNode *n) {
        int fd;

        if (mknodat(dev, n->name, S_IFCHR | 0666, makedev(n->major, n->minor)) >= 0)
                return 0;
        if (errno != EPERM)
                return negative_errno();
        fd = openat(dev, n->name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0);
        if (fd < 0)
                return negative_errno();
        (void) fd_close(fd);
        rootfs->bound_nodes = true;
        return 0;
}

/* Once /dev has its place: nothing can be attached below what is detached. */
static int bind_nodes(const Rootfs *rootfs, Error *error) {
        for (const PlannedNode *n = rootfs->plan->nodes; n->name && rootfs->bound_nodes; n++) {
                _cleanup_free_ char *path = str_format("/dev/%s", n->name);
                _cleanup_close_ int mount = path ? mount_clone(AT_FDCWD, path, /* recursive= */ false, error) : -ENOMEM,
                                    target = -EBADF;
                int r;

                if (mount < 0)
                        return path ? mount : error_oom(error);
                target = path_open_in_root(rootfs->root, path, O_PATH | O_NOFOLLOW);
                r = target < 0 ? error_set_errno(error, target, "opening the mount point", path)
                               : mount_attach(mount, target, path, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int make_nodes(Rootfs *rootfs, int dev, Error *error) {
        mode_t mask = umask(0);
        int r = 0;

        for (const PlannedNode *n = rootfs->plan->nodes; n->name && r >= 0; n++)
                if (make_node(rootfs, dev, n) < 0 ||
                    fchownat(dev, n->name, rootfs->owner, rootfs->owner, AT_SYMLINK_NOFOLLOW) < 0)
                        r = error_set_errno(error, negative_errno(), "making the device node", n->name);

        for (const PlannedLink *l = rootfs->plan->links; l->name && r >= 0; l++)
                if (symlinkat(l->target, dev, l->name) < 0 ||
                    fchownat(dev, l->name, rootfs->owner, rootfs->owner, AT_SYMLINK_NOFOLLOW) < 0)
                        r = error_set_errno(error, negative_errno(), "making the link", l->name);

        umask(mask);
        return r;
}

static int make_dev(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        _cleanup_close_ int dev = make_tmpfs(rootfs, m, error);
        int r;

        if (dev < 0)
                return dev;
        r = make_nodes(rootfs, dev, error);
        if (r >= 0)
                r = devices_make(rootfs->plan, dev, error);
        if (r < 0)
                return r;

        /* What covers others is taken from here, whatever the tree has there or is led to. */
        rootfs->dev = weakened("covers") ? openat(rootfs->root, "dev", O_PATH | O_DIRECTORY | O_CLOEXEC) : fd_dup(dev);
        if (rootfs->dev < 0)
                return error_set_errno(error, rootfs->dev, "keeping", m->target);
        return TAKE_FD(dev);
}

/* Group 5 is tty in every distribution that systemd runs on; nspawn gives terminals the same. */
static int make_devpts(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        enum { GROUP_TTY = 5 };
        _cleanup_free_ char *context = context_option(rootfs), *options = NULL;
        _cleanup_close_ int devpts = -EBADF;

        if (context)
                options = str_format("%s,uid=%" PRIu32 ",gid=%" PRIu32 "%s", m->options, rootfs->owner, rootfs->owner + GROUP_TTY,
                                     context);
        if (!options)
                return error_oom(error);
        devpts = mount_new("devpts", options, m->attributes, error);
        if (devpts < 0)
                return devpts;

        rootfs->devpts = fd_dup(devpts);
        if (rootfs->devpts < 0)
                return error_set_errno(error, rootfs->devpts, "keeping", m->target);
        return TAKE_FD(devpts);
}

static int open_terminal(const Rootfs *rootfs, int *ret_number, Error *error) {
        _cleanup_close_ int master = openat(rootfs->devpts, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
        int unlocked = 0;

        if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0 || ioctl(master, TIOCGPTN, ret_number) < 0)
                return error_set_errno(error, negative_errno(), "opening a terminal of", rootfs->plan->spec->name);
        return TAKE_FD(master);
}

/* The terminal is one of the machine's own devpts, so that ttyname() and job control work inside. */
static int make_console(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        char name[3 * sizeof(int)];
        int number, r;
        _cleanup_close_ int master = open_terminal(rootfs, &number, error), mount = -EBADF,
                            named = weakened("console") ? openat(rootfs->root, "dev/pts", O_PATH | O_DIRECTORY | O_CLOEXEC)
                                                        : -EBADF;

        if (master < 0)
                return master;

        (void) snprintf(name, sizeof(name), "%i", number);
        mount = mount_clone(named >= 0 ? named : rootfs->devpts, name, /* recursive= */ false, error);
        if (mount < 0)
                return mount;
        r = mount_add_attributes(mount, m->attributes, /* recursive= */ false, error);
        if (r < 0)
                return r;

        rootfs->master = TAKE_FD(master);
        return TAKE_FD(mount);
}

/*
 * Further ones, which container_ttys= has named already: a new devpts gives out its numbers from 0 (ida_alloc() in
 * fs/devpts/inode.c), and the console has the first.
 */
static int open_further_terminals(Rootfs *rootfs, Error *error) {
        const uint32_t n = rootfs->plan->spec->terminals;

        if (n == 0)
                return 0;
        rootfs->terminals = calloc(n, sizeof(int));
        if (!rootfs->terminals)
                return error_oom(error);
        for (uint32_t i = 0; i < n; i++) {
                int number = 0, fd = open_terminal(rootfs, &number, error);

                if (fd < 0)
                        return fd;
                rootfs->terminals[rootfs->n_terminals++] = fd;
                if ((uint32_t) number != i + 1)
                        return error_set(error, ERROR_FAILED, EEXIST, "opening a terminal of", rootfs->plan->spec->name,
                                         "it is pts/%i, and was to be pts/%" PRIu32, number, i + 1);
        }
        return 0;
}

static int take_leader_mount(int mount, const PlannedMount *m, Error *error) {
        int fd = fd_dup(mount);

        return fd < 0 ? error_set_errno(error, fd, "taking the leader's", m->target) : fd;
}

static int make_host_copy(const char *path, bool recursive, const PlannedMount *m, Error *error) {
        _cleanup_close_ int mount = mount_clone(AT_FDCWD, path, recursive, error);
        int r;

        if (mount < 0)
                return mount;
        r = mount_add_attributes(mount, m->attributes, recursive, error);
        return r < 0 ? r : TAKE_FD(mount);
}

/* A copy of what is there, with attributes; what is not there needs no protection. */
static int make_read_only(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        _cleanup_close_ int there = path_open_in_root(rootfs->root, m->target, O_PATH), mount = -EBADF;
        int r;

        if (there < 0)
                return there == -ENOENT ? there : error_set_errno(error, there, "opening", m->target);
        mount = mount_clone(there, "", /* recursive= */ true, error);
        if (mount < 0)
                return mount;
        r = mount_add_attributes(mount, m->attributes, /* recursive= */ true, error);
        return r < 0 ? r : TAKE_FD(mount);
}

/* Only until the leader has its own copy of the mounts can what is read-only be made writable again. */
static int make_writable(const Rootfs *rootfs, const PlannedMount *m, Error *error) {
        struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };
        _cleanup_close_ int there = path_open_in_root(rootfs->root, m->target, O_PATH), mount = -EBADF;

        if (there < 0)
                return there == -ENOENT ? there : error_set_errno(error, there, "opening", m->target);
        mount = mount_clone(there, "", /* recursive= */ false, error);
        if (mount < 0)
                return mount;
        if (mount_setattr(mount, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
                return error_set_errno(error, negative_errno(), "making writable", m->target);
        return TAKE_FD(mount);
}

/* The first is attached as it is; later ones are copies of it, since before Linux 6.15 nothing detached can be cloned. */
static int make_empty(Rootfs *rootfs, Error *error) {
        _cleanup_close_ int mount = mount_new("tmpfs", "mode=0,size=0,nr_inodes=1",
                                              MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                                              error);

        if (mount < 0)
                return mount;
        rootfs->empty = fd_dup(mount);
        return rootfs->empty < 0 ? error_set_errno(error, rootfs->empty, "keeping a mount", NULL) : TAKE_FD(mount);
}

/* A file that nobody in a user namespace can open: its owner has no id there. */
static int make_closed_file(Rootfs *rootfs, Error *error) {
        _cleanup_free_ char *path = scratch_path(rootfs->scratch, "closed");
        _cleanup_close_ int fd = path ? open(path, O_CREAT | O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0) : -EBADF;

        if (!path)
                return error_oom(error);
        if (fd < 0)
                return error_set_errno(error, negative_errno(), "making a file to cover others with", NULL);
        return mount_clone_with(fd, "", /* recursive= */ false, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, error);
}

/*
 * The cover is the machine's own: the host's /dev/null would put the host's devtmpfs into mountinfo, and
 * an inode of the host within reach.
 */
static int make_mask(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        _cleanup_close_ int there = path_open_in_root(rootfs->root, m->target, O_PATH);
        struct stat st;

        if (there < 0)
                return there == -ENOENT && !m->given ? there : error_set_errno(error, there, "opening", m->target);
        if (fstat(there, &st) < 0)
                return error_set_errno(error, negative_errno(), "looking at", m->target);
        if (!S_ISDIR(st.st_mode))
                return m->given ? make_closed_file(rootfs, error)
                                : mount_clone(rootfs->dev, "null", /* recursive= */ false, error);

        return rootfs->empty < 0 ? make_empty(rootfs, error) : mount_clone(rootfs->empty, "", /* recursive= */ false, error);
}

static int make_temporary(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        _cleanup_free_ char *name = NULL, *path = NULL;
        int r = scratch_make_directory(rootfs->scratch, 0755, rootfs->owner, &name, error);

        if (r < 0)
                return r;
        path = scratch_path(rootfs->scratch, name);
        return path ? mount_clone_with(AT_FDCWD, path, /* recursive= */ false, m->attributes, error) : error_oom(error);
}

static int clone_of_tree(Rootfs *rootfs, const char *path, bool recursive, uint64_t attributes, Error *error) {
        _cleanup_close_ int fd = path_open_in_root(rootfs->root, path, O_PATH);

        if (fd < 0)
                return error_set(error, ERROR_NO_SUCH_TREE, -fd, "opening in the tree", path, "%s", errno_text(-fd));
        return mount_clone_with(fd, "", recursive, attributes, error);
}

/* From the scratch directory, from the tree itself, or from the host: then it is not finished before its target is known. */
static int make_bind(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        const char *source = m->sources[0];

        if (!*source)
                return make_temporary(rootfs, m, error);
        if (*source == '+')
                return clone_of_tree(rootfs, source + 1, m->recursive, m->attributes, error);
        return sources_next(rootfs->sources);
}

/* One layer, attached in the scratch directory: its name there. */
static int place_layer(Rootfs *rootfs, const PlannedMount *m, size_t i, char **ret, Error *error) {
        const char *source = m->sources[i];
        _cleanup_close_ int mount = source_is_of_host(source) ? sources_next(rootfs->sources)
                                                              : clone_of_tree(rootfs, source + 1, false, 0, error);
        int r;

        if (mount < 0)
                return mount;
        if (source_is_of_host(source) && rootfs->owner != 0) {
                r = mount_map_ids(mount, rootfs->ids.userns, /* recursive= */ false, source, error);
                if (r < 0)
                        return r;
        }
        return scratch_place(rootfs->scratch, mount, ret, error);
}

/* The upper layer and its work folder, as names in the scratch directory. */
static int place_upper(Rootfs *rootfs, const PlannedMount *m, size_t i, char **ret_upper, char **ret_work, Error *error) {
        _cleanup_free_ char *folder = NULL, *work = NULL;
        int r;

        if (!*m->sources[i]) {
                r = scratch_make_directory(rootfs->scratch, 0755, rootfs->owner, ret_upper, error);
                return r < 0 ? r : scratch_make_directory(rootfs->scratch, 0700, rootfs->owner, ret_work, error);
        }

        r = place_layer(rootfs, m, i, &folder, error);
        if (r < 0)
                return r;
        work = source_work_name(m);
        *ret_upper = str_format("%s/%s", folder, source_upper_name(m));
        *ret_work = work ? str_format("%s/%s", folder, work) : NULL;
        return *ret_upper && *ret_work ? 0 : error_oom(error);
}

static int make_overlay(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        _cleanup_free_ char *upper = NULL, *work = NULL, *merged = NULL, *path = NULL;
        _cleanup_strv_free_ char **lowers = NULL;
        int r = 0;

        for (size_t i = 0; m->sources[i] && r >= 0; i++) {
                char *layer = NULL;

                if (source_is_upper(m, i)) {
                        r = place_upper(rootfs, m, i, &upper, &work, error);
                        continue;
                }
                r = place_layer(rootfs, m, i, &layer, error);
                if (r >= 0 && strv_consume(&lowers, layer) < 0)
                        r = error_oom(error);
        }
        if (r >= 0)
                r = scratch_make_directory(rootfs->scratch, 0755, 0, &merged, error);
        if (r >= 0)
                r = overlay_mount(rootfs->scratch,
                                  &(Overlay){ .lowers = lowers, .upper = upper, .work = work, .owner = rootfs->owner }, merged,
                                  error);
        if (r < 0)
                return r;

        path = scratch_path(rootfs->scratch, merged);
        return path ? mount_clone(AT_FDCWD, path, /* recursive= */ false, error) : error_oom(error);
}

/* A file for each, that nobody but root of the machine reads, on a tmpfs that nobody writes to any more. */
static int make_credentials(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        PlannedMount writable = *m;
        _cleanup_close_ int mount = -EBADF;
        int r;

        writable.attributes &= ~(uint64_t) MOUNT_ATTR_RDONLY;
        mount = make_tmpfs(rootfs, &writable, error);
        if (mount < 0)
                return mount;
        r = secrets_write(rootfs->secrets, mount, rootfs->owner, error);
        if (r >= 0)
                r = mount_add_attributes(mount, MOUNT_ATTR_RDONLY, /* recursive= */ false, error);
        return r < 0 ? r : TAKE_FD(mount);
}

static int take_incoming(const Rootfs *rootfs, Error *error) {
        int mount = rootfs->incoming < 0 ? -ENOENT : fd_dup(rootfs->incoming);

        return mount < 0 && mount != -ENOENT ? error_set_errno(error, mount, "keeping", INCOMING_PATH) : mount;
}

static int make_mount(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        switch (m->kind) {
        case MOUNT_TMPFS:     return make_tmpfs(rootfs, m, error);
        case MOUNT_DEV:       return make_dev(rootfs, m, error);
        case MOUNT_DEVPTS:    return make_devpts(rootfs, m, error);
        case MOUNT_CONSOLE:   return make_console(rootfs, m, error);
        case MOUNT_PROC:      return take_leader_mount(rootfs->leader->proc, m, error);
        case MOUNT_SYSFS:     return take_leader_mount(rootfs->leader->sysfs, m, error);
        case MOUNT_MQUEUE:    return take_leader_mount(rootfs->leader->mqueue, m, error);
        case MOUNT_HOST_SYS:  return make_host_copy("/sys", false, m, error);
        case MOUNT_HOST_SHM:  return make_host_copy("/dev/shm", false, m, error);
        case MOUNT_HOST_CGROUP: return make_host_copy("/sys/fs/cgroup", true, m, error);
        case MOUNT_JOINED_SHM: return take_leader_mount(rootfs->leader->shm, m, error);
        case MOUNT_READ_ONLY: return make_read_only(rootfs, m, error);
        case MOUNT_MASK:      return make_mask(rootfs, m, error);
        case MOUNT_RUN_HOST:  return run_host_make(rootfs->plan, m, &rootfs->notify, error);
        case MOUNT_CGROUP:    return -ENOENT; /* the leader's: see leader.c */
        case MOUNT_BIND:      return make_bind(rootfs, m, error);
        case MOUNT_OVERLAY:   return make_overlay(rootfs, m, error);
        case MOUNT_WRITABLE:  return make_writable(rootfs, m, error);
        case MOUNT_CREDENTIALS: return make_credentials(rootfs, m, error);
        case MOUNT_INCOMING:  return take_incoming(rootfs, error);
        case _MOUNT_KIND_MAX: break;
        }
        return error_set(error, ERROR_FAILED, EINVAL, "making a mount of an unknown kind for", m->target, NULL);
}

static bool is_directory(int mount) {
        struct stat st;

        return fstat(mount, &st) >= 0 && S_ISDIR(st.st_mode);
}

static int attach_mount(Rootfs *rootfs, const PlannedMount *m, Error *error) {
        _cleanup_close_ int mount = make_mount(rootfs, m, error), target = -EBADF;
        int r = 0;

        if (mount == -ENOENT && !error_is_set(error))
                return 0;
        if (mount < 0)
                return mount;

        target = bind_open_target(rootfs->root, m, is_directory(mount), rootfs->owner, error);
        if (target < 0)
                return target;
        if (m->kind == MOUNT_BIND && source_is_of_host(m->sources[0]))
                r = bind_prepare(m, mount, target, &rootfs->ids, error);
        if (r >= 0)
                r = bind_attach(m, mount, target, error);
        return r >= 0 && m->kind == MOUNT_DEV ? bind_nodes(rootfs, error) : r;
}

int rootfs_mount(const RootfsParts *parts, RootfsEnds *ret, Error *error) {
        const Plan *plan = parts->plan;
        Rootfs rootfs = {
                .plan = plan,
                .root = parts->root,
                .leader = parts->leader,
                .sources = parts->sources,
                .scratch = parts->scratch,
                .secrets = parts->secrets,
                .incoming = parts->incoming,
                .ids = { .userns = parts->userns, .root = plan_root_id(plan) },
                .dev = -EBADF,
                .devpts = -EBADF,
                .empty = -EBADF,
                .master = -EBADF,
                .notify = -EBADF,
                .owner = plan_root_id(plan),
        };
        int r = 0;

        for (size_t i = 0; i < plan->n_mounts && r >= 0; i++)
                r = attach_mount(&rootfs, &plan->mounts[i], error);
        if (r >= 0)
                r = open_further_terminals(&rootfs, error);

        (void) fd_close(rootfs.dev);
        (void) fd_close(rootfs.devpts);
        (void) fd_close(rootfs.empty);
        if (r < 0) {
                fd_close_many(rootfs.terminals, rootfs.n_terminals);
                free(rootfs.terminals);
                (void) fd_close(rootfs.master);
                (void) fd_close(rootfs.notify);
                return r;
        }

        *ret = (RootfsEnds){ .master = rootfs.master, .notify = rootfs.notify, .terminals = rootfs.terminals };
        return 0;
}
