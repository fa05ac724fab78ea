/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The payload's cgroup where a system inside manages it: what it is given, and how it is taken back when that reboots. */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "fd-util.h"
#include "file-util.h"
#include "log.h"
#include "string-util.h"
#include "strv.h"

/*
 * All controllers that systemd gave to the unit (systemd.resource-control(5), Delegate=), one by one: one that can't be had
 * must not keep the others away. The v1 hierarchies of a hybrid host have no such switch.
 */
int cgroup_delegate(const Cgroup *cgroup, Error *error) {
        const int unit = cgroup->n > 0 ? cgroup->unit[cgroup->n - 1] : -EBADF;
        _cleanup_strv_free_ char **names = NULL;
        _cleanup_free_ char *line = NULL;
        bool busy = false;
        int r = file_read_line(unit, "cgroup.controllers", &line);

        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                r = strv_split(line, " ", &names);
        if (r < 0)
                return error_set_errno(error, r, "reading the controllers of the cgroup", cgroup->path);

        STRV_FOREACH(name, names) {
                _cleanup_free_ char *word = str_format("+%s", *name);

                if (!word)
                        return error_oom(error);
                busy |= file_write_value(unit, "cgroup.subtree_control", word) == -EBUSY;
        }
        /* Not we: somebody shares the unit with us. */
        if (busy)
                log_warning("The payload has no controllers of its own: other processes are in the cgroup %s", cgroup->path);
        return 0;
}

/* Bottom up. A cgroup is busy for a moment after its last process has gone. */
static int remove_tree(int parent, const char *name) {
        enum { TRIES = 200, PAUSE_NSEC = 5 * 1000 * 1000 };
        _cleanup_close_ int fd = openat(parent, name, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        struct dirent *entry;
        DIR *dir;

        if (fd < 0)
                return errno == ENOENT ? 0 : negative_errno();
        dir = fdopendir(fd);
        if (!dir)
                return negative_errno();
        TAKE_FD(fd);
        while ((entry = readdir(dir)))
                if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
                        (void) remove_tree(dirfd(dir), entry->d_name);
        (void) closedir(dir);

        for (int i = 0; unlinkat(parent, name, AT_REMOVEDIR) < 0; i++) {
                if (errno == ENOENT)
                        return 0;
                if (errno != EBUSY || i >= TRIES)
                        return negative_errno();
                (void) nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NSEC }, NULL);
        }
        return 0;
}

int cgroup_clear_payload(Cgroup *cgroup, Error *error) {
        (void) cgroup_kill_payload(cgroup);
        for (size_t i = 0; i < cgroup->n; i++) {
                int r;

                cgroup->payload[i] = fd_close(cgroup->payload[i]);
                r = remove_tree(cgroup->unit[i], "payload");
                if (r < 0)
                        return error_set_errno(error, r, "emptying the cgroup", cgroup->path);
        }
        return 0;
}
