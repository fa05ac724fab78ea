/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "placed-file.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bind.h"
#include "fd-util.h"
#include "file-util.h"
#include "hosts.h"
#include "mount.h"
#include "path-util.h"
#include "string-util.h"
#include "strv.h"

void placed_files_done(PlacedFiles *files) {
        for (size_t i = 0; i < files->n; i++) {
                free(files->items[i].text);
                free(files->items[i].source);
        }
        free(files->items);
        *files = (PlacedFiles){};
}

static int add(PlacedFiles *files, const PlacedFile *file) {
        PlacedFile *grown = file->text || file->source ? reallocarray(files->items, files->n + 1, sizeof(*grown)) : NULL;

        if (!grown) {
                free(file->text);
                free(file->source);
                return -ENOMEM;
        }
        grown[files->n++] = *file;
        files->items = grown;
        return 0;
}

int placed_files_add(PlacedFiles *files, const char *target, char *text) {
        return add(files, &(PlacedFile){ .target = target, .text = text });
}

/* Names */

/* One that is shown in place: others write it while the machine runs. */
static int add_hosts(const Spec *spec, PlacedFiles *files, Error *error) {
        int r;

        if (!hosts_are_shown(spec))
                return 0;
        r = hosts_make(spec, error);
        if (r < 0)
                return r;
        return add(files, &(PlacedFile){ .target = "/etc/hosts",
                                         .source = hosts_path(spec),
                                         .optional = !hosts_are_shared(spec) && !spec->add_host }) < 0
                       ? error_oom(error)
                       : 0;
}

/* A system that boots takes its name from the file that it has there, and may want to change it. */
static bool has_hostname_file(const Spec *spec) {
        return spec->hostname && spec_has_own_network(spec) && !spec->boot;
}

static int add_hostname(const Spec *spec, PlacedFiles *files, Error *error) {
        if (!has_hostname_file(spec))
                return 0;
        return add(files,
                   &(PlacedFile){ .target = "/etc/hostname", .text = str_format("%s\n", spec->hostname), .optional = true }) < 0
                       ? error_oom(error)
                       : 0;
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

/* resolv.conf(5): each keyword that the settings have values for is theirs alone. */
static char *edit_resolv_conf(const Spec *spec, const char *text) {
        const struct {
                const char *keyword;
                char *const *values;
                bool each;       /* on a line of its own */
        } parts[] = {
                { "nameserver", spec->dns, true },
                { "search", spec->dns_search, false },
                { "options", spec->dns_option, false },
        };
        _cleanup_strv_free_ char **lines = NULL;
        char *result = NULL;
        size_t size;
        FILE *f = strv_split(text, "\n", &lines) < 0 ? NULL : open_memstream(&result, &size);

        if (!f)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                STRV_FOREACH(value, parts[i].values) {
                        bool begins = parts[i].each || value == parts[i].values, ends = parts[i].each || !value[1];

                        fprintf(f, "%s %s%s", begins ? parts[i].keyword : "", *value, ends ? "\n" : "");
                }
        STRV_FOREACH(line, lines) {
                bool replaced = **line == '#' || (spec->dns_search && startswith(*line, "domain"));

                for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                        replaced = replaced || (parts[i].values && startswith(*line, parts[i].keyword));
                if (!replaced)
                        fprintf(f, "%s\n", *line);
        }
        return fclose(f) == 0 ? result : (free(result), NULL);
}

static int add_resolv_conf(const Plan *plan, PlacedFiles *files, Error *error) {
        enum { RESOLV_CONF_SIZE_MAX = 1024 * 1024 };
        const Spec *spec = plan->spec;
        bool edited = spec->dns || spec->dns_search || spec->dns_option;
        const char *source = plan->resolv_conf || edited ? resolv_conf_source(spec) : NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        if (!source && !edited)
                return 0;
        r = source ? file_read_at(AT_FDCWD, source, RESOLV_CONF_SIZE_MAX, &text, NULL) : -ENOENT;
        if (r == -ENOENT && edited)
                r = (text = strdup("")) ? 0 : -ENOMEM;
        else if (r == -ENOENT && spec->resolv_conf == RESOLV_CONF_AUTO)
                return 0;
        if (r < 0)
                return error_set_errno(error, r, "reading the host's", source);
        return placed_files_add(files, "/etc/resolv.conf", edited ? edit_resolv_conf(spec, text) : TAKE_PTR(text)) < 0
                       ? error_oom(error)
                       : 0;
}

bool placed_files_are_any(const Plan *plan) {
        const Spec *spec = plan->spec;

        return plan->resolv_conf || spec->dns || spec->dns_search || spec->dns_option || has_hostname_file(spec) ||
               hosts_are_shown(spec);
}

int placed_files_read(const Plan *plan, PlacedFiles *ret, Error *error) {
        int r = add_resolv_conf(plan, ret, error);

        if (r >= 0)
                r = add_hostname(plan->spec, ret, error);
        return r < 0 ? r : add_hosts(plan->spec, ret, error);
}

/* Its file in the scratch directory, the caller's path. */
static int write_file(const PlacedFile *file, size_t number, const Scratch *scratch, uint32_t owner, char **ret, Error *error) {
        _cleanup_free_ char *path = str_format("%s/file-%zu", scratch->path, number);
        _cleanup_close_ int fd = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -EBADF;
        int r;

        if (!path)
                return error_oom(error);
        r = fd < 0 ? negative_errno() : fd_write_all(fd, file->text, strlen(file->text));
        if (r >= 0 && (fchown(fd, owner, owner) < 0 || fchmod(fd, 0644) < 0))
                r = negative_errno();
        if (r < 0)
                return error_set_errno(error, r, "writing the machine's", file->target);
        *ret = TAKE_PTR(path);
        return 0;
}

static int attach(const PlacedFile *file, size_t number, int root, Scratch *scratch, uint32_t owner, Error *error) {
        static const uint64_t attributes = MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
        const PlannedMount place = { .target = file->target };
        _cleanup_close_ int mount = -EBADF, target = -EBADF;
        _cleanup_free_ char *path = NULL;
        int r = file->source ? 0 : write_file(file, number, scratch, owner, &path, error);

        if (r < 0)
                return r;
        if (file->optional) {
                _cleanup_close_ int there = path_open_in_root(root, file->target, O_PATH);

                if (there < 0)
                        return 0;
        }
        target = bind_open_target(root, &place, /* directory= */ false, owner, NULL);
        if (target == -EROFS || target == -ENOENT)
                return 0;
        if (target < 0)
                return error_set_errno(error, target, "making the mount point", file->target);
        mount = mount_clone_with(AT_FDCWD, file->source ? file->source : path, /* recursive= */ false,
                                 attributes | (file->source ? MOUNT_ATTR_RDONLY : 0), error);
        return mount < 0 ? mount : mount_attach(mount, target, file->target, error);
}

int placed_files_attach(const PlacedFiles *files, int root, Scratch *scratch, uint32_t owner, Error *error) {
        int r = 0;

        for (size_t i = 0; i < files->n && r >= 0; i++)
                r = attach(&files->items[i], i, root, scratch, owner, error);
        return r;
}
