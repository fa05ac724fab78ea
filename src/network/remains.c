/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remains.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "dead-machines.h"
#include "extra-links.h"
#include "fd-util.h"
#include "file-util.h"
#include "log.h"
#include "rate.h"
#include "spec-json.h"
#include "string-util.h"

static const char step[] = "writing down the links of";

static bool has_remains(const Spec *spec) {
        return spec->net_rate.out > 0 || extra_links_are_moved(spec);
}

/* The folder of a machine, or -ENOENT. */
static int open_remains(const char *name) {
        _cleanup_free_ char *path = str_format(REMAINS_DIRECTORY "/%s", name);
        int fd;

        if (!path)
                return -ENOMEM;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? negative_errno() : fd;
}

int remains_note(const Spec *spec, Error *error) {
        _cleanup_free_ char *path = str_format(REMAINS_DIRECTORY "/%s", spec->name), *text = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!has_remains(spec))
                return 0;
        r = path ? directory_make(REMAINS_DIRECTORY, 0700) : -ENOMEM;
        if (r >= 0)
                r = directory_make(path, 0700);
        if (r >= 0)
                r = fd = open_remains(spec->name);
        if (r >= 0)
                r = spec_to_json(spec, 0, &text);
        if (r >= 0)
                r = file_replace_at(fd, "spec.json", text, strlen(text), 0600);
        return r < 0 ? error_set_errno(error, r, step, spec->name) : 0;
}

int remains_pin(const Spec *spec, int namespace, Error *error) {
        _cleanup_free_ char *path = str_format(REMAINS_DIRECTORY "/%s/net", spec->name);
        _cleanup_close_ int file = path ? open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0400) : -ENOMEM;
        char from[FD_PATH_MAX], to[FD_PATH_MAX];

        if (file < 0)
                return error_set_errno(error, path ? negative_errno() : -ENOMEM, "keeping the network namespace of", spec->name);
        if (mount(fd_path(namespace, from), fd_path(file, to), NULL, MS_BIND, NULL) < 0)
                return error_set_errno(error, negative_errno(), "keeping the network namespace of", spec->name);
        return 0;
}

/* Where nothing was mounted, it is an empty file. */
static int open_namespace(int folder) {
        _cleanup_close_ int fd = openat(folder, "net", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        struct statfs fs;

        if (fd < 0 || fstatfs(fd, &fs) < 0)
                return negative_errno();
        return fs.f_type == NSFS_MAGIC ? TAKE_FD(fd) : -ENOENT;
}

static void unmount_namespace(const char *name) {
        _cleanup_free_ char *path = str_format(REMAINS_DIRECTORY "/%s/net", name);

        if (path && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
                log_warning("the network namespace of machine '%s' is kept: %s", name, errno_text(negative_errno()));
}

/* SPEC is what was written down; NULL where that cannot be read. */
static void withdraw(int folder, const char *name, const Spec *spec) {
        _cleanup_close_ int namespace = open_namespace(folder), all = -EBADF;
        _cleanup_netlink_ Netlink nl = { .fd = -EBADF };

        if (namespace >= 0) {
                if (spec)
                        extra_links_return(spec, namespace);
                namespace = fd_close(namespace);
                unmount_namespace(name);
        }
        if (spec && netlink_open(NETLINK_ROUTE, &nl) >= 0)
                rate_withdraw(&nl, spec);

        all = open(REMAINS_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (all >= 0)
                (void) directory_remove_at(all, name);
}

void remains_withdraw(const Spec *spec) {
        _cleanup_close_ int folder = has_remains(spec) ? open_remains(spec->name) : -ENOENT;

        if (folder >= 0)
                withdraw(folder, spec->name, spec);
}

static bool sweep_one(const char *name) {
        _cleanup_close_ int folder = open_remains(name);
        _cleanup_free_ char *text = NULL;
        _cleanup_spec_ Spec *spec = NULL;

        if (folder >= 0) {
                if (file_read_at(folder, "spec.json", FILE_MAX_DEFAULT, &text, NULL) >= 0)
                        (void) spec_from_json(text, &spec, NULL);
                withdraw(folder, name, spec);
        }
        return true;
}

void remains_sweep(void) {
        (void) dead_machines_visit(BERTH_RUN_DIR, "remains", sweep_one);
}

bool remains_are_left(const char *run) {
        return dead_machines_left(run, "remains");
}
