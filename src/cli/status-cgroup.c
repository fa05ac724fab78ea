/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The processes of a machine in its unit's cgroups, drawn as systemctl(1) and machinectl(1) draw them. */

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "parse-util.h"
#include "path-util.h"
#include "status-line.h"
#include "string-util.h"
#include "strv.h"

/* What is below is the machine's own, and can be as deep and as long as it likes. */
enum { DEPTH_MAX = 16, COMMAND_MAX = 120 };

typedef struct Group Group;
struct Group {
        char *name;
        char **pids;
        Group *groups;
        size_t n_groups;
};

static void group_done(Group *group) {
        for (size_t i = 0; i < group->n_groups; i++)
                group_done(&group->groups[i]);
        free(group->groups);
        strv_free(group->pids);
        free(group->name);
        *group = (Group){};
}

char *status_read_command(uint32_t pid) {
        char path[sizeof("/proc//cmdline") + 3 * sizeof(pid)];
        char *command;
        size_t size;

        (void) snprintf(path, sizeof(path), "/proc/%" PRIu32 "/cmdline", pid);
        if (file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &command, &size) < 0)
                return NULL;
        /* A program that changed its title leaves a row of them at the end. */
        while (size > 0 && !command[size - 1])
                size--;
        for (size_t i = 0; i < size; i++)
                if (!command[i])
                        command[i] = ' ';
        return command;
}

/* Reading */

static int compare_groups(const void *a, const void *b) {
        return strcmp(((const Group *) a)->name, ((const Group *) b)->name);
}

static int read_group(int dir, const char *name, unsigned depth, Group *ret);

static void add_below(int dir, const char *name, unsigned depth, Group *group) {
        _cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        Group *grown, below = {};

        if (fd < 0 || read_group(fd, name, depth, &below) < 0)
                return;
        /* One without processes tells nothing. */
        grown = below.pids || below.n_groups > 0 ? reallocarray(group->groups, group->n_groups + 1, sizeof(Group)) : NULL;
        if (!grown) {
                group_done(&below);
                return;
        }
        group->groups = grown;
        group->groups[group->n_groups++] = below;
}

/* A group that goes away meanwhile is left out. */
static int read_group(int dir, const char *name, unsigned depth, Group *ret) {
        _cleanup_free_ char *pids = NULL;
        struct dirent *entry;
        DIR *list;
        int copy;

        *ret = (Group){ .name = strdup(name) };
        if (!ret->name)
                return -ENOMEM;
        if (file_read_at(dir, "cgroup.procs", FILE_MAX_DEFAULT, &pids, NULL) >= 0)
                (void) strv_split(pids, "\n", &ret->pids);
        if (depth == DEPTH_MAX)
                return 0;

        copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        list = copy < 0 ? NULL : fdopendir(copy);
        if (!list) {
                (void) fd_close(copy);
                return 0;
        }
        while ((entry = readdir(list)))
                if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
                        add_below(dir, entry->d_name, depth + 1, ret);
        (void) closedir(list);
        if (ret->n_groups > 0)
                qsort(ret->groups, ret->n_groups, sizeof(Group), compare_groups);
        return 0;
}

/* Drawing */

static void draw_process(const char *prefix, const char *pid, bool last) {
        _cleanup_free_ char *command = NULL;
        uint32_t number;

        if (parse_u32(pid, &number) >= 0)
                command = status_read_command(number);
        status_line("", "%s%s%s %.*s%s", prefix, last ? "└─" : "├─", pid, COMMAND_MAX, strempty(command),
                    command && strlen(command) > COMMAND_MAX ? "…" : "");
}

static void draw_group(const char *prefix, const Group *group) {
        /* 0 is a process that we cannot name: it is in no pid namespace of ours. */
        STRV_FOREACH(pid, group->pids)
                if (!streq(*pid, "0"))
                        draw_process(prefix, *pid, !pid[1] && group->n_groups == 0);

        for (size_t i = 0; i < group->n_groups; i++) {
                bool last = i + 1 == group->n_groups;
                _cleanup_free_ char *longer = str_format("%s%s", prefix, last ? "  " : "│ ");

                status_line("", "%s%s%s", prefix, last ? "└─" : "├─", group->groups[i].name);
                if (longer)
                        draw_group(longer, &group->groups[i]);
        }
}

/* The place of a process in the hierarchy that systemd uses: on an old host its own, else the unified one (cgroups(7)). */
static char *find_cgroup(uint32_t leader, const char **ret_mount) {
        char path[sizeof("/proc//cgroup") + 3 * sizeof(leader)];
        _cleanup_strv_free_ char **lines = NULL;
        _cleanup_free_ char *text = NULL;
        const char *found = NULL;

        (void) snprintf(path, sizeof(path), "/proc/%" PRIu32 "/cgroup", leader);
        if (leader == 0 || file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &text, NULL) < 0 || strv_split(text, "\n", &lines) < 0)
                return NULL;

        STRV_FOREACH(l, lines) {
                const char *named = strstr(*l, ":name=systemd:");

                if (startswith(*l, "0::") && !found) {
                        *ret_mount = "/sys/fs/cgroup";
                        found = *l + strlen("0::");
                } else if (named) {
                        *ret_mount = "/sys/fs/cgroup/systemd";
                        found = named + strlen(":name=systemd:");
                }
        }
        return found ? strdup(found) : NULL;
}

/* "/machine.slice/UNIT/payload/…" ends behind UNIT. */
static void cut_behind(char *path, const char *unit) {
        size_t n = strlen(unit);

        for (char *p = path; n > 0 && (p = strstr(p, unit)); p += n)
                if (p > path && p[-1] == '/' && (p[n] == '/' || !p[n])) {
                        p[n] = '\0';
                        return;
                }
}

void status_print_cgroup(uint32_t leader, const char *unit) {
        const char *mount = NULL;
        _cleanup_free_ char *cgroup = find_cgroup(leader, &mount), *path = NULL;
        _cleanup_close_ int dir = -EBADF;
        _cleanup_(group_done) Group group = {};

        if (!cgroup)
                return;
        cut_behind(cgroup, strempty(unit));
        status_line("CGroup", "%s", cgroup);
        path = str_format("%s%s", mount, cgroup);
        dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -EBADF;
        if (dir >= 0 && read_group(dir, path_basename(cgroup), 0, &group) >= 0)
                draw_group("", &group);
}
