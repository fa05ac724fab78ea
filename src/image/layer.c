/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layer.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disk.h"
#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"

static const char step[] = "opening the machine's layer";

/* Names */

static char *pair_name(const char *word, const char *target) {
        char *name = str_format("%s%s", word, streq(target, "/") ? "" : target);

        for (char *p = name; p && *p; p++)
                if (*p == '/')
                        *p = '-';
        return name;
}

char *layer_upper_name(const char *target) {
        return pair_name("upper", target);
}

char *layer_work_name(const char *target) {
        return pair_name("work", target);
}

/* A file system in a file */

/*
 * No library makes a file system, so this is mke2fs(8): once in a machine's life, and never at a later start. It gets the
 * file by its descriptor.
 */
static int run_mke2fs(const char *path) {
        static const char *const programs[] = { "/usr/sbin/mke2fs", "/sbin/mke2fs" };
        char *argv[] = { (char *) "mke2fs",
                         (char *) "-q",
                         (char *) "-F",
                         (char *) "-t",
                         (char *) "ext4",
                         (char *) "-m",
                         (char *) "0",
                         (char *) "-E",
                         (char *) "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0",
                         (char *) path,
                         NULL };
        char *environment[] = { (char *) "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
        posix_spawnattr_t attributes;
        int r = ENOENT, status = 0;
        sigset_t none;
        pid_t child;

        sigemptyset(&none);
        if (posix_spawnattr_init(&attributes) != 0)
                return -ENOMEM;
        (void) posix_spawnattr_setsigmask(&attributes, &none);
        (void) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        for (size_t i = 0; i < ELEMENTSOF(programs) && r == ENOENT; i++)
                r = posix_spawn(&child, programs[i], NULL, &attributes, argv, environment);
        (void) posix_spawnattr_destroy(&attributes);
        if (r != 0)
                return -r;
        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return negative_errno();
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* Complete or not there: it gets its name when it is done. */
static int make_image(const char *folder, const char *path, uint64_t size, Error *error) {
        _cleanup_free_ char *unfinished = str_format("%s/.layer.img", folder);
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!unfinished)
                return error_oom(error);
        fd = open(unfinished, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 || ftruncate(fd, (off_t) size) < 0)
                return error_set_errno(error, negative_errno(), "making the file of the machine's layer", path);
        r = run_mke2fs(unfinished);
        if (r == -ENOENT)
                return error_set(error, ERROR_NOT_SUPPORTED, ENOENT, "making the file system of the machine's layer", path,
                                 "mke2fs, which DiskMax= takes when a machine is made, is not installed (package e2fsprogs)");
        if (r < 0)
                return error_set_errno(error, r, "making the file system of the machine's layer", path);
        if (rename(unfinished, path) < 0)
                return error_set_errno(error, negative_errno(), "making the file of the machine's layer", path);
        return 0;
}

static int open_image(const char *folder, uint64_t size, const char *object, Layer *ret, Error *error) {
        _cleanup_free_ char *path = str_format("%s/layer.img", folder);
        _cleanup_close_ int fd = -EBADF;
        _cleanup_disk_ Disk disk = {};
        int r;

        if (!path)
                return error_oom(error);
        fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 && errno == ENOENT) {
                r = make_image(folder, path, size, error);
                if (r < 0)
                        return r;
                fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
        }
        if (fd < 0)
                return error_set_errno(error, negative_errno(), step, object);

        r = disk_mount(fd, path, /* read_only= */ false, /* verity= */ NULL, &disk, error);
        if (r < 0)
                return r;
        *ret = (Layer){ .fd = disk.mounts[0].mount, .is_mount = true };
        disk.n = 0;
        return 0;
}

/* Opening */

static int open_directory(const char *folder, const char *object, Layer *ret, Error *error) {
        _cleanup_free_ char *path = str_format("%s/layer", folder);
        int r = path ? directory_make(path, 0700) : -ENOMEM, fd;

        if (r < 0)
                return error_set_errno(error, r, step, object);
        fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return error_set_errno(error, negative_errno(), step, object);
        *ret = (Layer){ .fd = fd };
        return 0;
}

static int mark_for_removal(const char *folder) {
        _cleanup_free_ char *path = str_format("%s/" LAYER_REMOVE_MARK, folder);
        _cleanup_close_ int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -EBADF;

        return !path ? -ENOMEM : fd < 0 ? negative_errno() : 0;
}

int layer_open(const char *state, const Spec *spec, Layer *ret, Error *error) {
        _cleanup_free_ char *machines = str_format("%s/machines", state), *folder = NULL, *image = NULL;
        int r = machines ? directory_make(machines, 0700) : -ENOMEM;

        if (r >= 0) {
                folder = str_format("%s/%s", machines, spec->name);
                image = folder ? str_format("%s/layer.img", folder) : NULL;
                r = image ? directory_make(folder, 0700) : -ENOMEM;
        }
        if (r < 0)
                return error_set_errno(error, r, step, spec->name);
        r = spec->remove ? mark_for_removal(folder) : 0;
        if (r < 0)
                return error_set_errno(error, r, step, spec->name);
        /* What was begun with a limit goes on with it. */
        return spec->disk_max > 0 || access(image, F_OK) >= 0 ? open_image(folder, spec->disk_max, spec->name, ret, error)
                                                              : open_directory(folder, spec->name, ret, error);
}

int layer_prepare(const Layer *layer, const char *target, int tree, Error *error) {
        _cleanup_free_ char *upper = layer_upper_name(target), *work = layer_work_name(target);
        struct stat st;

        if (!upper || !work)
                return error_oom(error);
        if (fstat(tree, &st) < 0)
                return error_set_errno(error, negative_errno(), step, target);
        if (mkdirat(layer->fd, work, 0700) < 0 && errno != EEXIST)
                return error_set_errno(error, negative_errno(), step, target);
        if (mkdirat(layer->fd, upper, 0700) < 0)
                return errno == EEXIST ? 0 : error_set_errno(error, negative_errno(), step, target);
        if (fchownat(layer->fd, upper, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
            fchmodat(layer->fd, upper, st.st_mode & 07777, 0) < 0)
                return error_set_errno(error, negative_errno(), step, target);
        return 0;
}
