/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "live-mount.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bind.h"
#include "fd-util.h"
#include "kernel.h"
#include "mount.h"
#include "path-util.h"
#include "plan-mounts.h"
#include "sources.h"
#include "string-util.h"

static int open_namespace(const PidRef *leader, const char *kind, Error *error) {
        _cleanup_free_ char *path = str_format("/proc/%i/ns/%s", leader->pid, kind);
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

        if (!path)
                return error_oom(error);
        return fd < 0 ? error_set_errno(error, negative_errno(), "opening the machine's namespaces", NULL) : fd;
}

/* Runs WORK in the machine's mount namespace, with its root directory. */
static int inside(const LiveMachine *machine, int (*work)(int root, void *userdata, Error *error), void *userdata, Error *error) {
        static const char step[] = "entering the machine's mount namespace";
        _cleanup_close_ int host = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), root = -EBADF;
        _cleanup_close_ int theirs = open_namespace(machine->leader, "mnt", error);
        int r;

        if (theirs < 0)
                return theirs;
        if (host < 0 || setns(theirs, CLONE_NEWNS) < 0)
                return error_set_errno(error, negative_errno(), step, NULL);

        root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        r = root < 0 ? error_set_errno(error, negative_errno(), step, NULL) : work(root, userdata, error);

        /* Without the way back we would go on as what we are not: the machine goes with us. */
        if (setns(host, CLONE_NEWNS) < 0)
                abort();
        return r;
}

/* Locking */

typedef struct Lock {
        const char *place;
        int mount, userns;
        int locked;              /* the result */
} Lock;

/*
 * In a child: a copy of the mount whose attributes (read-only, for one) nobody in the machine's user namespace can take
 * off, as the machine's other mounts are. The kernel locks them where a mount namespace is copied for a lesser user
 * namespace (mount_namespaces(7)), and nowhere else.
 */
static int lock_inside(void *userdata) {
        struct mount_attr private = { .propagation = MS_PRIVATE };
        _cleanup_error_ Error error = ERROR_NULL;
        Lock *lock = userdata;

        if (unshare(CLONE_NEWNS) < 0 || mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)) < 0)
                return EXIT_FAILURE;
        if (move_mount(lock->mount, "", AT_FDCWD, lock->place, MOVE_MOUNT_F_EMPTY_PATH) < 0 || chdir(lock->place) < 0)
                return EXIT_FAILURE;
        if (setns(lock->userns, CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNS) < 0)
                return EXIT_FAILURE;
        lock->locked = mount_clone(AT_FDCWD, ".", /* recursive= */ true, &error);
        return lock->locked < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A file has no place to be attached at but a file: it is left as it is where it can be written to, and refused where not. */
static int lock_attributes(const LiveMachine *machine, const PlannedMount *m, int *mount, Error *error) {
        enum { STACK_SIZE = 64 * 1024 };
        _cleanup_free_ char *stack = malloc(STACK_SIZE);
        _cleanup_close_ int userns = -EBADF;
        Lock lock = { .place = machine->place, .mount = *mount, .locked = -EBADF };
        struct stat st;
        int status = 0;
        pid_t child;

        if (!machine->plan->has_id_map)
                return 0;
        if (!stack)
                return error_oom(error);
        if (fstat(*mount, &st) < 0)
                return error_set_errno(error, negative_errno(), "looking at the source for", m->target);
        if (!S_ISDIR(st.st_mode))
                return m->attributes == 0 ? 0
                                          : error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, "binding", m->target,
                                                      "options can be kept from a machine that runs only for directories; "
                                                      "bind the directory that the file is in");
        userns = open_namespace(machine->leader, "user", error);
        if (userns < 0)
                return userns;
        lock.userns = userns;

        /* CLONE_FILES: the copy's descriptor is simply ours when it has ended. */
        child = clone(lock_inside, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &lock);
        if (child < 0)
                return error_set_errno(error, negative_errno(), "starting a process to lock the mount", NULL);
        if (waitpid(child, &status, 0) < 0 || status != 0 || lock.locked < 0)
                return error_set(error, ERROR_FAILED, EIO, "locking the mount for", m->target, NULL);
        (void) fd_close(*mount);
        *mount = lock.locked;
        return 0;
}

/* Attaching */

typedef struct Attach {
        const PlannedMount *m;
        uint32_t owner;
        bool directory;
        int mount;
        int target;              /* found by the first visit */
        uint64_t id;
} Attach;

static int find_target(int root, void *userdata, Error *error) {
        Attach *attach = userdata;

        attach->target = bind_open_target(root, attach->m, attach->directory, attach->owner, error);
        return attach->target;
}

static int mount_id(int fd, uint64_t *ret) {
        struct statx stx;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
                return negative_errno();
        *ret = stx.stx_mnt_id;
        return 0;
}

static int attach_inside(int root, void *userdata, Error *error) {
        Attach *attach = userdata;
        int r = bind_attach(attach->m, attach->mount, attach->target, error);

        if (r < 0)
                return r;
        r = mount_id(attach->mount, &attach->id);
        return r < 0 ? error_set_errno(error, r, "looking at the mount", attach->m->target) : 0;
}

static int attach(const LiveMachine *machine, const PlannedMount *m, int *mount, uint64_t *ret_id, Error *error) {
        _cleanup_close_ int userns = machine->plan->has_id_map ? open_namespace(machine->leader, "user", error) : -EBADF;
        const BindIds ids = { .userns = userns, .root = plan_root_id(machine->plan) };
        Attach attach = { .m = m, .owner = ids.root, .mount = *mount, .target = -EBADF };
        struct stat st;
        int r;

        if (machine->plan->has_id_map && userns < 0)
                return userns;
        if (fstat(*mount, &st) < 0)
                return error_set_errno(error, negative_errno(), "looking at the source for", m->target);
        attach.directory = S_ISDIR(st.st_mode);

        /* Twice inside: what the owners are mapped by is made outside, and may depend on the target. */
        r = inside(machine, find_target, &attach, error);
        if (r >= 0)
                r = bind_prepare(m, *mount, attach.target, &ids, error);
        if (r >= 0)
                r = lock_attributes(machine, m, mount, error);
        attach.mount = *mount;
        if (r >= 0)
                r = inside(machine, attach_inside, &attach, error);
        (void) fd_close(attach.target);
        if (r >= 0)
                *ret_id = attach.id;
        return r < 0 ? r : 0;
}

int live_mount_attach(const LiveMachine *machine, const char *text, char **ret_target, uint64_t *ret_id, Error *error) {
        MountSettingKind kind = text[0] == '/' ? MOUNT_SETTING_BIND : MOUNT_SETTING_VOLUME;
        _cleanup_mount_setting_ MountSetting setting = {};
        _cleanup_free_ char *target = NULL;
        _cleanup_close_ int mount = -EBADF;
        PlannedMount m;
        int r = mount_setting_parse(kind, text, &setting);

        if (r < 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading what to bind", text,
                                 "it is not SOURCE[:TARGET[:OPTIONS]] with a path of the host or the name of a volume");
        target = strdup(setting.target);
        if (!target)
                return error_oom(error);
        m = planned_mount_from_setting(&setting);

        mount = source_take(machine->plan, &m, setting.sources[0], /* tree= */ -EBADF, error);
        if (mount < 0)
                return mount;
        r = attach(machine, &m, &mount, ret_id, error);
        if (r < 0)
                return r;
        *ret_target = TAKE_PTR(target);
        return 0;
}

/* Detaching */

typedef struct Detach {
        const char *target;
        uint64_t id;
} Detach;

/* By its folder and its name there: a descriptor of the mount itself would keep it busy, and /proc there is the machine's. */
static int detach_inside(int root, void *userdata, Error *error) {
        static const char step[] = "taking the mount off";
        const Detach *d = userdata;
        const char *name = path_basename(d->target);
        _cleanup_free_ char *folder = strndup(d->target, (size_t) (name - d->target));
        _cleanup_close_ int parent = -EBADF, fd = -EBADF;
        uint64_t id;
        int r;

        if (!folder)
                return error_oom(error);
        parent = path_open_in_root(root, folder, O_PATH | O_DIRECTORY);
        fd = parent < 0 ? parent : openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        r = parent < 0 ? parent : fd < 0 ? negative_errno() : mount_id(fd, &id);
        if (r < 0)
                return error_set_errno(error, r, step, d->target);
        if (id != d->id)
                return error_set(error, ERROR_INVALID_VALUE, EBUSY, step, d->target,
                                 "the machine has taken it off already, or mounted something over it");
        if (fchdir(parent) < 0 || umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
                return error_set_errno(error, negative_errno(), step, d->target);
        return 0;
}

int live_mount_detach(const LiveMachine *machine, const char *target, uint64_t id, Error *error) {
        Detach detach = { .target = target, .id = id };

        return inside(machine, detach_inside, &detach, error);
}
