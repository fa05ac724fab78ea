/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timezone.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "path-util.h"
#include "string-util.h"

static const char step[] = "setting the time zone";

void timezone_done(Timezone *timezone) {
        free(timezone->zone);
        free(timezone->data);
        *timezone = (Timezone){};
}

int timezone_read(const Plan *plan, Timezone *ret, Error *error) {
        enum { ZONE_SIZE_MAX = 1024 * 1024 };
        char target[PATH_MAX];
        const char *name;
        ssize_t n;
        int r;

        if (plan->spec->timezone == TIMEZONE_OFF || plan->spec->timezone == TIMEZONE_DELETE)
                return 0;

        n = readlink("/etc/localtime", target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = '\0';
        name = strstr(target, "/zoneinfo/");
        if (name && str_replace(&ret->zone, name + strlen("/zoneinfo/")) < 0)
                return error_oom(error);
        r = file_read_at(AT_FDCWD, "/etc/localtime", ZONE_SIZE_MAX, &ret->data, &ret->size);
        return r < 0 && r != -ENOENT ? error_set_errno(error, r, "reading the host's time zone", "/etc/localtime") : 0;
}

static int remove_old(int etc) {
        return unlinkat(etc, "localtime", 0) < 0 && errno != ENOENT ? negative_errno() : 0;
}

static int make_link(int root, int etc, const Timezone *timezone) {
        _cleanup_free_ char *path = timezone->zone ? str_format("/usr/share/zoneinfo/%s", timezone->zone) : NULL;
        _cleanup_free_ char *target = path ? str_format("..%s", path) : NULL;
        _cleanup_close_ int there = target ? path_open_in_root(root, path, O_PATH) : -ENOENT;
        int r;

        if (there < 0)
                return there;
        r = remove_old(etc);
        return r < 0 ? r : symlinkat(target, etc, "localtime") < 0 ? negative_errno() : 0;
}

static int make_copy(int etc, const Timezone *timezone) {
        _cleanup_close_ int fd = -EBADF;
        int r = timezone->data ? remove_old(etc) : -ENOENT;

        if (r < 0)
                return r;
        fd = openat(etc, "localtime", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
        return fd < 0 ? negative_errno() : fd_write_all(fd, timezone->data, timezone->size);
}

static int change(TimezoneMode mode, int root, int etc, const Timezone *timezone) {
        int r;

        switch (mode) {
        case TIMEZONE_DELETE:  return remove_old(etc);
        case TIMEZONE_SYMLINK: return make_link(root, etc, timezone);
        case TIMEZONE_COPY:    return make_copy(etc, timezone);
        case TIMEZONE_AUTO:
                r = make_link(root, etc, timezone);
                if (r == -ENOENT)
                        r = make_copy(etc, timezone);
                return r == -EROFS || r == -ENOENT || r == -EACCES ? 0 : r;
        case TIMEZONE_OFF:
        case _TIMEZONE_MAX:    break;
        }
        return 0;
}

int timezone_apply(const Plan *plan, const Timezone *timezone, int root, Error *error) {
        TimezoneMode mode = plan->spec->timezone;
        _cleanup_close_ int etc = -EBADF;
        int r;

        if (mode == TIMEZONE_OFF)
                return 0;
        etc = path_open_in_root(root, "/etc", O_PATH | O_DIRECTORY);
        if (etc < 0)
                return mode == TIMEZONE_AUTO ? 0 : error_set_errno(error, etc, step, "/etc");

        setfsgid(plan_root_id(plan));
        setfsuid(plan_root_id(plan));
        r = change(mode, root, etc, timezone);
        setfsuid(0);
        setfsgid(0);

        if (r == -ENOENT)
                return error_set(error, ERROR_NOT_SUPPORTED, ENOENT, step, strempty(timezone->zone),
                                 "the host has no time zone by name, or the tree has no such zone in /usr/share/zoneinfo");
        return r < 0 ? error_set_errno(error, r, step, "/etc/localtime") : 0;
}
