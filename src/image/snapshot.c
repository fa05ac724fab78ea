/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "snapshot.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "name.h"
#include "path-util.h"
#include "shelter.h"
#include "string-util.h"
#include "subvolume.h"

static const char step[] = "making a snapshot of the tree";

#define MARK ".berth"

/* A subvolume in a moment; what is none, one by one. */
static void destroy(int parent, const char *name) {
        if (subvolume_destroy(parent, name) < 0)
                (void) directory_remove_at(parent, name);
}

void snapshot_done(Snapshot *snapshot) {
        if (snapshot->fd >= 0)
                destroy(snapshot->parent, snapshot->name);
        (void) fd_close(snapshot->fd);
        (void) fd_close(snapshot->parent);
        free(snapshot->name);
        *snapshot = SNAPSHOT_NULL;
}

static bool is_whole_subvolume(int tree) {
        _cleanup_close_ int fd = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd >= 0 && subvolume_is_whole(fd);
}

/* One at a time makes or removes there, so that what is new is locked before anybody can find it unlocked. */
static int lock_parent(int parent) {
        enum { TRIES = 1000 };

        for (int i = 0; i < TRIES; i++) {
                if (flock(parent, LOCK_EX | LOCK_NB) >= 0)
                        return 0;
                if (errno != EWOULDBLOCK)
                        return negative_errno();
                (void) nanosleep(&(struct timespec){ .tv_nsec = 2 * 1000 * 1000 }, NULL);
        }
        return -EBUSY;
}

static void sweep_one(int parent, const char *name) {
        _cleanup_close_ int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) >= 0)
                destroy(parent, name);
}

/* What supervisors left that were killed. */
static void sweep(int parent) {
        int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *stream = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *item;

        if (!stream) {
                (void) fd_close(fd);
                return;
        }
        while ((item = readdir(stream)))
                if (startswith(item->d_name, ".#") && strstr(item->d_name, MARK "-"))
                        sweep_one(parent, item->d_name);
        (void) closedir(stream);
}

/* Opens and locks what was just made. */
static int hold(Snapshot *snapshot, int flags) {
        int r;

        snapshot->fd = openat(snapshot->parent, snapshot->name, flags | O_NOFOLLOW | O_CLOEXEC);
        if (snapshot->fd >= 0 && flock(snapshot->fd, LOCK_EX | LOCK_NB) >= 0)
                return 0;
        r = negative_errno();
        destroy(snapshot->parent, snapshot->name);
        snapshot->fd = fd_close(snapshot->fd);
        return r;
}

static int create(int tree, Snapshot *snapshot) {
        _cleanup_close_ int source = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r;

        if (source < 0)
                return negative_errno();
        r = subvolume_snapshot(source, snapshot->parent, snapshot->name);
        if (r < 0)
                return r;

        return hold(snapshot, O_RDONLY | O_DIRECTORY);
}

/* Where another file system, or one that is read-only, or an older kernel keeps one from being made. */
static bool is_no_place(int r) {
        return r == -EXDEV || r == -EROFS || r == -ENOTTY || r == -EPERM;
}

/* A name that sweep() knows. */
static int pick_name(Snapshot *snapshot, const char *name, Error *error) {
        _cleanup_free_ char *stem = str_format(".#%s" MARK, name);

        snapshot->name = stem ? name_with_suffix(stem) : NULL;
        return snapshot->name ? 0 : error_oom(error);
}

static bool is_safe(int parent) {
        return directory_is_sheltered(parent, /* itself= */ true) > 0 || mount_is_defused(parent) > 0;
}

int snapshot_take(int tree, const char *path, Snapshot *ret, Error *error) {
        _cleanup_(snapshot_done) Snapshot snapshot = SNAPSHOT_NULL;
        int r;

        if (!is_whole_subvolume(tree))
                return 1;
        /* Where the tree is mounted by itself, ".." of it is not where it lies in its file system: then this fails below (EXDEV). */
        snapshot.parent = openat(tree, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (snapshot.parent < 0 || !is_safe(snapshot.parent))
                return 1;
        r = pick_name(&snapshot, path_basename(path), error);
        if (r < 0)
                return r;

        r = lock_parent(snapshot.parent);
        if (r < 0)
                return error_set_errno(error, r, step, path);
        sweep(snapshot.parent);
        r = create(tree, &snapshot);
        (void) flock(snapshot.parent, LOCK_UN);
        if (is_no_place(r))
                return 1;
        if (r < 0)
                return error_set_errno(error, r, step, path);
        *ret = snapshot;
        snapshot = SNAPSHOT_NULL;
        return 0;
}

static int make_empty(bool directory, Snapshot *snapshot) {
        int fd;

        if (directory)
                return mkdirat(snapshot->parent, snapshot->name, 0700) < 0 ? negative_errno()
                                                                           : hold(snapshot, O_RDONLY | O_DIRECTORY);
        fd = openat(snapshot->parent, snapshot->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return negative_errno();
        (void) fd_close(fd);
        return hold(snapshot, O_RDWR);
}

int snapshot_begin(int tree, int parent, const char *name, Snapshot *ret, Error *error) {
        _cleanup_(snapshot_done) Snapshot snapshot = SNAPSHOT_NULL;
        struct stat st;
        int r;

        snapshot.parent = fd_dup(parent);
        if (snapshot.parent < 0 || fstat(tree, &st) < 0)
                return error_set_errno(error, snapshot.parent < 0 ? snapshot.parent : negative_errno(), step, name);
        r = pick_name(&snapshot, name, error);
        if (r < 0)
                return r;
        r = lock_parent(snapshot.parent);
        if (r < 0)
                return error_set_errno(error, r, step, name);
        sweep(snapshot.parent);
        r = is_whole_subvolume(tree) ? create(tree, &snapshot) : -ENOTTY;
        if (is_no_place(r)) {
                r = make_empty(S_ISDIR(st.st_mode), &snapshot);
                r = r < 0 ? r : 1;
        }
        (void) flock(snapshot.parent, LOCK_UN);
        if (r < 0)
                return error_set_errno(error, r, step, name);
        *ret = snapshot;
        snapshot = SNAPSHOT_NULL;
        return r;
}

int snapshot_publish(Snapshot *snapshot, const char *name) {
        if (renameat2(snapshot->parent, snapshot->name, snapshot->parent, name, RENAME_NOREPLACE) < 0)
                return negative_errno();
        snapshot->fd = fd_close(snapshot->fd);
        return 0;
}
