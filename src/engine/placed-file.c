/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "placed-file.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bind.h"
#include "fd-util.h"
#include "file-util.h"
#include "mount.h"
#include "string-util.h"

void placed_files_done(PlacedFiles *files) {
        for (size_t i = 0; i < files->n; i++)
                free(files->items[i].text);
        free(files->items);
        *files = (PlacedFiles){};
}

int placed_files_add(PlacedFiles *files, const char *target, char *text) {
        PlacedFile *grown = text ? reallocarray(files->items, files->n + 1, sizeof(*grown)) : NULL;

        if (!grown) {
                free(text);
                return -ENOMEM;
        }
        grown[files->n++] = (PlacedFile){ .target = target, .text = text };
        files->items = grown;
        return 0;
}

/* systemd.nspawn(5), "ResolvConf=". */
static const char *resolv_conf_source(const Spec *spec) {
        switch (spec->resolv_conf) {
        case RESOLV_CONF_AUTO:
        case RESOLV_CONF_HOST:   return "/etc/resolv.conf";
        case RESOLV_CONF_STATIC: return "/usr/lib/systemd/resolv.conf";
        case RESOLV_CONF_UPLINK: return "/run/systemd/resolve/resolv.conf";
        case RESOLV_CONF_STUB:   return "/run/systemd/resolve/stub-resolv.conf";
        case RESOLV_CONF_OFF:
        case _RESOLV_CONF_MAX:   break;
        }
        return NULL;
}

int placed_files_read(const Plan *plan, PlacedFiles *ret, Error *error) {
        enum { RESOLV_CONF_SIZE_MAX = 1024 * 1024 };
        const char *source = plan->resolv_conf ? resolv_conf_source(plan->spec) : NULL;
        char *text;
        int r;

        if (!source)
                return 0;
        r = file_read_at(AT_FDCWD, source, RESOLV_CONF_SIZE_MAX, &text, NULL);
        if (r == -ENOENT && plan->spec->resolv_conf == RESOLV_CONF_AUTO)
                return 0;
        if (r < 0)
                return error_set_errno(error, r, "reading the host's", source);
        return placed_files_add(ret, "/etc/resolv.conf", text) < 0 ? error_oom(error) : 0;
}

static int attach(const PlacedFile *file, size_t number, int root, Scratch *scratch, uint32_t owner, Error *error) {
        const PlannedMount place = { .target = file->target };
        _cleanup_free_ char *path = str_format("%s/file-%zu", scratch->path, number);
        _cleanup_close_ int fd = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -EBADF;
        _cleanup_close_ int mount = -EBADF, target = -EBADF;
        int r;

        if (!path)
                return error_oom(error);
        r = fd < 0 ? negative_errno() : fd_write_all(fd, file->text, strlen(file->text));
        if (r >= 0 && (fchown(fd, owner, owner) < 0 || fchmod(fd, 0644) < 0))
                r = negative_errno();
        if (r < 0)
                return error_set_errno(error, r, "writing the machine's", file->target);

        target = bind_open_target(root, &place, /* directory= */ false, owner, NULL);
        if (target == -EROFS || target == -ENOENT)
                return 0;
        if (target < 0)
                return error_set_errno(error, target, "making the mount point", file->target);
        mount = mount_clone_with(AT_FDCWD, path, /* recursive= */ false, MOUNT_ATTR_NOEXEC, error);
        return mount < 0 ? mount : mount_attach(mount, target, file->target, error);
}

int placed_files_attach(const PlacedFiles *files, int root, Scratch *scratch, uint32_t owner, Error *error) {
        int r = 0;

        for (size_t i = 0; i < files->n && r >= 0; i++)
                r = attach(&files->items[i], i, root, scratch, owner, error);
        return r;
}
