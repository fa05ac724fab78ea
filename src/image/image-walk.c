/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "kernel.h"
#include "string-util.h"

/* Each level takes a descriptor and a frame. No path that can be written is as deep, but a machine can make such a tree. */
enum { DEPTH_MAX = 400 };

char *tree_path(int dir, const char *name) {
        char link[FD_PATH_MAX], path[4096];
        ssize_t n = dir == AT_FDCWD ? 0 : readlink(fd_path(dir, link), path, sizeof(path) - 1);

        if (n <= 0)
                return strdup(name);
        path[n] = '\0';
        return str_format("%s/%s", path, name);
}

static int fail(Error *error, int r, const char *step, int dir, const char *name, const char *why) {
        _cleanup_free_ char *path = tree_path(dir, name);

        return why ? error_set(error, ERROR_FAILED, -r, step, path, "%s", why) : error_set_errno(error, r, step, path);
}

/* RESOLVE_NO_XDEV: what is mounted below is somebody else's. */
static int open_below(int dir, const char *name) {
        return kernel_openat2(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0, RESOLVE_NO_XDEV | RESOLVE_BENEATH);
}

static bool is_dot(const char *name) {
        return streq(name, ".") || streq(name, "..");
}

int tree_set_immutable(int fd, bool immutable) {
        int flags, changed;

        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
                return errno != ENOTTY && errno != EOPNOTSUPP ? negative_errno() : immutable ? -EOPNOTSUPP : 0;
        changed = immutable ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
        return changed != flags && ioctl(fd, FS_IOC_SETFLAGS, &changed) < 0 ? negative_errno() : 0;
}

/* Looking */

typedef struct Measuring {
        TreeSize size;
        bool removable;
        Progress *progress;
        Error *error;
} Measuring;

static const char measure_step[] = "looking through the image";

static int measure_below(Measuring *m, int fd, unsigned depth);

static int measure_entry(Measuring *m, int dir, const char *name, unsigned depth) {
        struct statx st;
        int fd;

        if (statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &st) < 0)
                return errno == ENOENT ? 0 : fail(m->error, negative_errno(), measure_step, dir, name, NULL);
        m->size.files++;
        progress_add(m->progress, 1);
        m->size.bytes += st.stx_blocks * 512 / (st.stx_nlink > 1 && !S_ISDIR(st.stx_mode) ? st.stx_nlink : 1);
        if (S_ISREG(st.stx_mode))
                m->size.content += st.stx_size;

        if (m->removable && st.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND) && depth > 0)
                return fail(m->error, -EPERM, "removing", dir, name,
                            st.stx_attributes & STATX_ATTR_IMMUTABLE ? "it is immutable; see chattr(1)"
                                                                     : "it may only be appended to; see chattr(1)");
        if (!S_ISDIR(st.stx_mode) || depth >= DEPTH_MAX)
                return 0;
        fd = open_below(dir, name);
        if (fd == -EXDEV)
                return m->removable ? fail(m->error, -EBUSY, "removing", dir, name, "something is mounted there") : 0;
        if (fd < 0)
                return fail(m->error, fd, measure_step, dir, name, NULL);
        return measure_below(m, fd, depth + 1);
}

/* FD is taken over. */
static int measure_below(Measuring *m, int fd, unsigned depth) {
        DIR *stream = fdopendir(fd);
        const struct dirent *item;
        int r = 0;

        if (!stream) {
                r = negative_errno();
                (void) fd_close(fd);
                return error_set_errno(m->error, r, measure_step, NULL);
        }
        while (r >= 0 && (item = readdir(stream)))
                if (!is_dot(item->d_name))
                        r = measure_entry(m, dirfd(stream), item->d_name, depth);
        (void) closedir(stream);
        return r;
}

int tree_measure(int dir, const char *name, bool removable, Progress *progress, TreeSize *ret, Error *error) {
        Measuring m = { .removable = removable, .progress = progress, .error = error };
        int r = measure_entry(&m, dir, name, 0);

        if (r >= 0)
                *ret = m.size;
        return r;
}

/* Removing */

typedef struct Removal {
        Progress *progress;
        Error *error;
} Removal;

static void on_removed(void *userdata) {
        progress_add(((Removal *) userdata)->progress, 1);
}

static void on_failed(int r, int dirfd, const char *name, void *userdata) {
        (void) fail(((Removal *) userdata)->error, r, "removing", dirfd, name, r == -EXDEV ? "something is mounted there" : NULL);
}

int tree_remove(int dir, const char *name, Progress *progress, Error *error) {
        Removal removal = { progress, error };
        int r = directory_remove_watched(dir, name, &(RemovalWatch){ on_removed, on_failed, &removal });

        return r < 0 ? error_set_errno(error, r, "removing", name) : 0;
}
