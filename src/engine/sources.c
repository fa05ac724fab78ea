/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sources.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "fd-util.h"
#include "file-util.h"
#include "mount.h"
#include "path-util.h"
#include "shelter.h"
#include "string-util.h"
#include "strv.h"

void sources_done(Sources *sources) {
        for (size_t i = sources->next; i < sources->n; i++)
                (void) fd_close(sources->fds[i]);
        free(sources->fds);
        *sources = SOURCES_NULL;
}

int sources_next(Sources *sources) {
        return sources->next < sources->n ? sources->fds[sources->next++] : -EBADF;
}

bool source_is_of_host(const char *source) {
        return *source && *source != '+';
}

bool source_is_upper(const PlannedMount *m, size_t i) {
        return m->kind == MOUNT_OVERLAY && !(m->attributes & MOUNT_ATTR_RDONLY) && !m->sources[i + 1];
}

const char *source_upper_name(const PlannedMount *m) {
        return path_basename(m->sources[strv_length(m->sources) - 1]);
}

char *source_work_name(const PlannedMount *m) {
        return str_format(".#%s.work", source_upper_name(m));
}

/* Whether what root of the machine writes through M belongs to root of the host. */
static bool writes_as_host_root(const Plan *plan, const PlannedMount *m, const struct stat *st) {
        if (m->attributes & MOUNT_ATTR_RDONLY)
                return false;
        if (plan_root_id(plan) == 0 || m->kind == MOUNT_OVERLAY || m->owners == MOUNT_OWNERS_MACHINE)
                return true;
        return m->owners == MOUNT_OWNERS_ROOT && st->st_uid == 0;
}

/* As for the tree: what the payload leaves there must not give other users of the host root's rights. */
static int check_exposure(const Plan *plan, const PlannedMount *m, const char *path, Error *error) {
        static const char step[] = "checking who can enter";
        _cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC), parent = -EBADF;
        _cleanup_free_ char *folder = NULL;
        bool directory;
        struct stat st;
        int r;

        if (fd < 0 || fstat(fd, &st) < 0)
                return error_set_errno(error, negative_errno(), step, path);
        /* What is neither is no place to leave a program at. */
        if ((!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) || !writes_as_host_root(plan, m, &st) ||
            plan->spec->allow_exposed_tree)
                return 0;

        directory = S_ISDIR(st.st_mode);
        if (!directory) {
                folder = strndup(path, (size_t) (path_basename(path) - path));
                if (!folder)
                        return error_oom(error);
                parent = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (parent < 0)
                        return error_set_errno(error, negative_errno(), step, folder);
        }
        r = directory_is_sheltered(directory ? fd : parent, /* itself= */ !directory);
        if (r == 0)
                r = mount_is_defused(fd);
        if (r < 0)
                return error_set_errno(error, r, step, path);
        if (r > 0)
                return 0;
        return error_set(error, ERROR_EXPOSED_TREE, EPERM, step, path,
                         "the machine would write as root to where other users of this host could run what it leaves; "
                         "chmod 700 a directory above it, or mount it nosuid,nodev, or show it read-only, or take the risk "
                         "with --allow-exposed-tree");
}

/*
 * A volume is an ordinary directory that is made when it is first used, with the owner and mode of what it covers. It is
 * in a folder of its own, which is root's: berthd, which lacks the rights over what is in it, can rename that.
 */
static int volume_make(const char *path, const char *target, int tree) {
        _cleanup_close_ int there = tree < 0 ? -EBADF : path_open_in_root(tree, target, O_PATH | O_DIRECTORY);
        _cleanup_free_ char *data = str_format("%s/_data", path);
        struct stat st = { .st_mode = 0755 };
        int r = data ? directory_make(BERTH_STATE_DIR, 0755) : -ENOMEM;

        if (r >= 0)
                r = directory_make(BERTH_STATE_DIR "/volumes", 0700);
        if (r >= 0)
                r = directory_make(path, 0700);
        if (r < 0)
                return r;
        if (there >= 0 && fstat(there, &st) < 0)
                return negative_errno();
        if (mkdir(data, 0700) < 0)
                return errno == EEXIST ? 0 : negative_errno();
        if (chown(data, st.st_uid, st.st_gid) < 0 || chmod(data, st.st_mode & 07777) < 0) {
                r = negative_errno();
                (void) rmdir(data);
        }
        return r;
}

static int take_volume(const PlannedMount *m, const char *name, int tree, Error *error) {
        _cleanup_free_ char *path = str_format(BERTH_STATE_DIR "/volumes/%s", name);
        _cleanup_free_ char *data = path ? str_format("%s/_data", path) : NULL;
        int r = data ? volume_make(path, m->target, tree) : -ENOMEM;

        if (r < 0)
                return error_set_errno(error, r, "making the volume", name);
        return mount_clone(AT_FDCWD, data, /* recursive= */ false, error);
}

/* The work folder has to be beside the upper layer, and is used again by the next start. */
static int take_upper(const PlannedMount *m, const char *path, Error *error) {
        _cleanup_free_ char *folder = strndup(path, (size_t) (path_basename(path) - path)), *work = source_work_name(m);
        _cleanup_close_ int fd = -EBADF;

        if (!folder || !work)
                return error_oom(error);
        fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return error_set_errno(error, negative_errno(), "opening the folder of the upper layer", folder);
        if (mkdirat(fd, work, 0700) < 0 && errno != EEXIST)
                return error_set_errno(error, negative_errno(), "making the overlay's work folder beside", path);
        return mount_clone(fd, "", /* recursive= */ false, error);
}

static int check_source(const PlannedMount *m, const char *source, Error *error) {
        struct stat st;

        if (stat(source, &st) < 0)
                return error_set(error, ERROR_NO_SUCH_TREE, errno, "opening the source of", m->target, "%s: %s (on the host)",
                                 source, errno_text(errno));
        if (m->kind == MOUNT_OVERLAY && !S_ISDIR(st.st_mode))
                return error_set(error, ERROR_INVALID_VALUE, ENOTDIR, "opening a layer of", m->target, "%s is not a directory",
                                 source);
        return 0;
}

int source_take(const Plan *plan, const PlannedMount *m, const char *source, int tree, Error *error) {
        bool upper = m->kind == MOUNT_OVERLAY && source == m->sources[strv_length(m->sources) - 1] &&
                     !(m->attributes & MOUNT_ATTR_RDONLY);
        int r;

        if (*source != '/')
                return take_volume(m, source, tree, error);

        r = check_source(m, source, error);
        if (r >= 0 && (m->kind == MOUNT_BIND || upper))
                r = check_exposure(plan, m, source, error);
        if (r < 0)
                return r;
        return upper ? take_upper(m, source, error) : mount_clone(AT_FDCWD, source, m->kind == MOUNT_BIND && m->recursive, error);
}

static int add_source(Sources *sources, int fd) {
        int *grown = reallocarray(sources->fds, sources->n + 1, sizeof(int));

        if (!grown) {
                (void) fd_close(fd);
                return -ENOMEM;
        }
        grown[sources->n++] = fd;
        sources->fds = grown;
        return 0;
}

int sources_take(const Plan *plan, int tree, Sources *ret, Error *error) {
        _cleanup_(sources_done) Sources sources = SOURCES_NULL;

        for (size_t i = 0; i < plan->n_mounts; i++)
                STRV_FOREACH(source, plan->mounts[i].sources) {
                        int fd;

                        if (!source_is_of_host(*source))
                                continue;
                        fd = source_take(plan, &plan->mounts[i], *source, tree, error);
                        if (fd < 0)
                                return fd;
                        if (add_source(&sources, fd) < 0)
                                return error_oom(error);
                }

        *ret = sources;
        sources = SOURCES_NULL;
        return 0;
}
