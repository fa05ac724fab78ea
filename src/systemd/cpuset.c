/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cpuset.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"
#include "strv.h"

/* systemd leaves everybody in the same cgroup of cpuset: a supervisor's is ours (cgroups(7), /proc/self/cgroup). */
static int open_cpuset(void) {
        _cleanup_strv_free_ char **lines = NULL;
        _cleanup_free_ char *text = NULL;
        int r = file_read_at(AT_FDCWD, "/proc/self/cgroup", FILE_MAX_DEFAULT, &text, NULL);

        if (r >= 0)
                r = strv_split(text, "\n", &lines);
        if (r < 0)
                return r;
        STRV_FOREACH(line, lines) {
                const char *path = strstr(*line, ":cpuset:");
                _cleanup_free_ char *whole = path ? str_format("/sys/fs/cgroup/cpuset%s", path + strlen(":cpuset:")) : NULL;
                int fd;

                if (!path)
                        continue;
                fd = whole ? open(whole, O_DIRECTORY | O_RDONLY | O_CLOEXEC) : -1;
                return fd < 0 ? negative_errno() : fd;
        }
        return -ENOENT;
}

void cpuset_remove(const char *machine) {
        _cleanup_close_ int dir = open_cpuset();
        _cleanup_free_ char *name = str_format("berth-%s.scope", machine);

        if (dir >= 0 && name)
                (void) unlinkat(dir, name, AT_REMOVEDIR);
}

void cpuset_sweep(bool (*is_alive)(void *userdata, const char *machine), void *userdata) {
        int dir = open_cpuset();
        DIR *list = dir < 0 ? NULL : fdopendir(dir);
        struct dirent *entry;

        if (!list) {
                (void) fd_close(dir);
                return;
        }
        while ((entry = readdir(list))) {
                const char *name = startswith(entry->d_name, "berth-");
                size_t n = name ? strlen(name) : 0, suffix = strlen(".scope");
                _cleanup_free_ char *machine = n > suffix && streq(name + n - suffix, ".scope") ? strndup(name, n - suffix)
                                                                                                : NULL;

                if (machine && !is_alive(userdata, machine))
                        (void) unlinkat(dir, entry->d_name, AT_REMOVEDIR);
        }
        (void) closedir(list);
}
