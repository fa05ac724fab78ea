/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-job.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clone-tree.h"
#include "fd-util.h"
#include "image-walk.h"
#include "lock-file.h"
#include "name.h"
#include "string-util.h"
#include "subvolume.h"

/* Locks */

typedef struct ImageLock {
        int folder;
        int fd;
        char *name;
} ImageLock;

#define IMAGE_LOCK_NULL (ImageLock){ .fd = -EBADF }

static void image_lock_done(ImageLock *lock) {
        /* While it is held: who opened it before sees that it has no name any more, and makes another. */
        if (lock->fd >= 0)
                (void) unlinkat(lock->folder, lock->name, 0);
        (void) fd_close(lock->fd);
        free(lock->name);
}
#define _cleanup_image_lock_ _cleanup_(image_lock_done)

static int image_lock(int folder, const char *file, const char *step, ImageLock *ret, Error *error) {
        _cleanup_free_ char *name = str_format(".#%s.lck", file);
        int fd;

        if (!name)
                return error_oom(error);
        fd = lock_file_try(folder, name);
        if (fd == -EAGAIN)
                return error_set(error, ERROR_IMAGE_IN_USE, EBUSY, step, file,
                                 "systemd-nspawn or another program holds its lock");
        if (fd < 0)
                return error_set_errno(error, fd, step, file);
        *ret = (ImageLock){ .folder = folder, .fd = fd, .name = TAKE_PTR(name) };
        return 0;
}

/* Files beside an image that are of no use without it. */

static const char *const companions[] = { ".nspawn", ".roothash", ".roothash.p7s", ".verity" };

static char *companion_of(const char *file, const char *suffix) {
        size_t n = strlen(file);

        if (n > 4 && streq(file + n - 4, ".raw"))
                n -= 4;
        return str_format("%.*s%s", (int) n, file, suffix);
}

static int with_companions(int folder, const char *file, const char *to) {
        for (size_t i = 0; i < ELEMENTSOF(companions); i++) {
                _cleanup_free_ char *name = companion_of(file, companions[i]);
                _cleanup_free_ char *new_name = to ? companion_of(to, companions[i]) : NULL;
                int r;

                if (!name || (to && !new_name))
                        return -ENOMEM;
                r = to ? renameat2(folder, name, folder, new_name, RENAME_NOREPLACE) : unlinkat(folder, name, 0);
                if (r < 0 && errno != ENOENT)
                        return negative_errno();
        }
        return 0;
}

/* Being read-only, which must not be in the way of what is done to an image as a whole. */

static int set_read_only(int folder, const char *file, bool read_only) {
        _cleanup_close_ int fd = openat(folder, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return negative_errno();
        if (S_ISDIR(st.st_mode))
                return subvolume_is(fd) ? subvolume_set_read_only(fd, read_only) : tree_set_immutable(fd, read_only);
        return fchmod(fd, read_only ? st.st_mode & ~0222 & 07777 : (st.st_mode | 0200) & 07777) < 0 ? negative_errno() : 0;
}

/* Whether the attribute was there to be taken. */
static int take_immutable(int folder, const char *file, bool *ret_was) {
        struct statx st;
        _cleanup_close_ int fd = -EBADF;

        *ret_was = false;
        if (statx(folder, file, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st) < 0)
                return negative_errno();
        if (!(st.stx_attributes & STATX_ATTR_IMMUTABLE))
                return 0;
        fd = openat(folder, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        *ret_was = true;
        return fd < 0 ? negative_errno() : tree_set_immutable(fd, false);
}

static int give_immutable(int folder, const char *file) {
        _cleanup_close_ int fd = openat(folder, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

        return fd < 0 ? negative_errno() : tree_set_immutable(fd, true);
}

/* A name that no listing shows, for what is not whole. */
static char *hidden_name(const char *file) {
        _cleanup_free_ char *stem = str_format(".#%.200s.berth", file);

        return stem ? name_with_suffix(stem) : NULL;
}

/* The jobs */

/* Locked as what is left of a snapshot is not: who sweeps those up leaves it alone while we live. A symbolic link needs no lock. */
static int hold(int folder, const char *file) {
        int fd = openat(folder, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 ? (fd_close(fd), -EBUSY) : fd;
}

static int remove_whole(int folder, const char *name, int fd, Progress *progress, Error *error) {
        if (fd >= 0 && subvolume_is(fd)) {
                (void) subvolume_set_read_only(fd, false);
                if (subvolume_destroy(folder, name) >= 0)
                        return 0;
        }
        return tree_remove(folder, name, progress, error);
}

/* Nothing that is mounted there, and nothing immutable: or else the image stays whole. */
static int remove_image(const ImageJob *job, int folder, Progress *progress, Error *error) {
        static const char step[] = "removing the image";
        _cleanup_image_lock_ ImageLock lock = IMAGE_LOCK_NULL;
        _cleanup_free_ char *doomed = hidden_name(job->file);
        _cleanup_close_ int held = -EBADF;
        TreeSize size;
        bool immutable;
        int r;

        if (!doomed)
                return error_oom(error);
        r = image_lock(folder, job->file, step, &lock, error);
        if (r >= 0)
                r = tree_measure(folder, job->file, /* removable= */ true, NULL, &size, error);
        if (r < 0)
                return r;
        progress->unit = "files";
        progress->total = size.files;

        held = hold(folder, job->file);
        if (held == -EBUSY)
                return error_set(error, ERROR_IMAGE_IN_USE, EBUSY, step, job->file, "another program has locked it");
        r = take_immutable(folder, job->file, &immutable);
        if (r >= 0 && renameat2(folder, job->file, folder, doomed, RENAME_NOREPLACE) < 0) {
                r = negative_errno();
                if (immutable)
                        (void) give_immutable(folder, job->file);
        }
        if (r < 0)
                return error_set_errno(error, r, step, job->file);

        r = remove_whole(folder, doomed, held, progress, error);
        if (r < 0) {
                /* Under its name somebody can see what is left, and try again. */
                (void) renameat2(folder, doomed, folder, job->file, RENAME_NOREPLACE);
                return r;
        }
        r = with_companions(folder, job->file, NULL);
        return r < 0 ? error_set_errno(error, r, step, job->file) : 0;
}

static int clone_image(const ImageJob *job, int folder, int to_folder, Progress *progress, Error *error) {
        static const char step[] = "cloning the image";
        _cleanup_image_lock_ ImageLock lock = IMAGE_LOCK_NULL;
        _cleanup_close_ int source = openat(folder, job->file, O_PATH | O_CLOEXEC);
        _cleanup_free_ char *path = tree_path(folder, job->file);
        TreeSize size;
        int r;

        if (source < 0 || !path)
                return error_set_errno(error, path ? negative_errno() : -ENOMEM, step, job->file);
        r = image_lock(to_folder, job->to, step, &lock, error);
        if (r >= 0)
                r = tree_measure(folder, job->file, /* removable= */ false, NULL, &size, error);
        if (r < 0)
                return r;
        progress->unit = "bytes";
        progress->total = size.content;
        r = clone_make(source, path, to_folder, job->to, progress, error);
        if (r < 0)
                return r;
        r = set_read_only(to_folder, job->to, job->read_only);
        return r < 0 ? error_set_errno(error, r, step, job->to) : 0;
}

static int rename_image(const ImageJob *job, int folder, Error *error) {
        static const char step[] = "renaming the image";
        _cleanup_image_lock_ ImageLock lock = IMAGE_LOCK_NULL, new_lock = IMAGE_LOCK_NULL;
        bool immutable = false;
        int r = image_lock(folder, job->file, step, &lock, error);

        if (r >= 0)
                r = image_lock(folder, job->to, step, &new_lock, error);
        if (r < 0)
                return r;
        r = take_immutable(folder, job->file, &immutable);
        if (r >= 0 && renameat2(folder, job->file, folder, job->to, RENAME_NOREPLACE) < 0)
                r = negative_errno();
        if (immutable)
                (void) give_immutable(folder, r < 0 ? job->file : job->to);
        if (r >= 0)
                r = with_companions(folder, job->file, job->to);
        return r < 0 ? error_set_errno(error, r, step, job->file) : 0;
}

static int mark_image(const ImageJob *job, int folder, Error *error) {
        static const char step[] = "changing the image";
        int r = set_read_only(folder, job->file, job->read_only);

        if (r == -ELOOP)
                return error_set(error, ERROR_NOT_SUPPORTED, ELOOP, step, job->file, "it is a symbolic link");
        return r < 0 ? error_set_errno(error, r, step, job->file) : 0;
}

static int measure_image(const ImageJob *job, int folder, Progress *progress, uint64_t *ret_usage, Error *error) {
        /* The directory itself, where it is called by a link. */
        _cleanup_close_ int tree = openat(folder, job->file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        TreeSize size;
        int r = tree_measure(tree >= 0 ? tree : folder, tree >= 0 ? "." : job->file, /* removable= */ false, progress, &size,
                             error);

        if (r >= 0)
                *ret_usage = size.bytes;
        return r;
}

int image_job_run(const ImageJob *job, int folder, int to_folder, Progress *progress, uint64_t *ret_usage, Error *error) {
        struct rlimit limit;

        /* One for each level of a tree, and for each file with several names. */
        if (getrlimit(RLIMIT_NOFILE, &limit) >= 0) {
                limit.rlim_cur = limit.rlim_max;
                (void) setrlimit(RLIMIT_NOFILE, &limit);
        }

        switch (job->kind) {
        case IMAGE_JOB_REMOVE:
                return remove_image(job, folder, progress, error);
        case IMAGE_JOB_CLONE:
                return clone_image(job, folder, to_folder, progress, error);
        case IMAGE_JOB_RENAME:
                return rename_image(job, folder, error);
        case IMAGE_JOB_READ_ONLY:
                return mark_image(job, folder, error);
        case IMAGE_JOB_MEASURE:
                return measure_image(job, folder, progress, ret_usage, error);
        case _IMAGE_JOB_KIND_MAX:
                break;
        }
        return error_set(error, ERROR_FAILED, EINVAL, "working on the image", job->file, "there is no such job");
}
