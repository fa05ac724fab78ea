/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "path-util.h"
#include "string-util.h"
#include "strv.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/* The path behind "N:CONTROLLERS:" in /proc/self/cgroup (cgroups(7)); NULL if that hierarchy is not there. */
static char *own_path(char *const *lines, const char *controllers) {
        STRV_FOREACH(line, lines) {
                const char *colon = strchr(*line, ':');
                const char *rest = colon ? startswith(colon + 1, controllers) : NULL;

                if (rest && *rest == ':')
                        return strdup(rest + 1);
        }
        return NULL;
}

static int open_directory(const char *hierarchy, const char *path, Error *error) {
        _cleanup_free_ char *whole = str_format("%s%s%s", CGROUP_ROOT, hierarchy, path);
        int fd;

        if (!whole)
                return error_oom(error);
        fd = open(whole, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        return fd < 0 ? error_set_errno(error, negative_errno(), "opening the cgroup", whole) : fd;
}

static int open_unified(Cgroup *cgroup, char *const *lines, const char *hierarchy, Error *error) {
        _cleanup_free_ char *path = own_path(lines, "");
        int fd;

        if (!path)
                return error_set(error, ERROR_NOT_SUPPORTED, ENOENT, "finding our own cgroup", "/proc/self/cgroup",
                                 "there is no cgroup v2 hierarchy");
        fd = open_directory(hierarchy, path, error);
        if (fd < 0)
                return fd;
        cgroup->unit[cgroup->n++] = fd;
        if (!cgroup->path)
                cgroup->path = TAKE_PTR(path);
        return 0;
}

/* A line of a v1 hierarchy with controllers: its directory is named as they are, "cpu,cpuacct". */
static int open_controllers(Cgroup *cgroup, const char *line, Error *error) {
        _cleanup_strv_free_ char **fields = NULL, **names = NULL;
        _cleanup_free_ char *hierarchy = NULL;
        int fd;

        if (strv_split(line, ":", &fields) < 0)
                return error_oom(error);
        /* "0::/path" has two fields, and name=systemd no controllers; one that is not mounted here cannot limit anything. */
        if (strv_length(fields) != 3 || startswith(fields[1], "name="))
                return 0;
        hierarchy = str_format("/%s", fields[1]);
        if (!hierarchy || strv_split(fields[1], ",", &names) < 0)
                return error_oom(error);

        fd = open_directory(hierarchy, fields[2], NULL);
        if (fd < 0)
                return fd == -ENOENT ? 0 : error_set_errno(error, fd, "opening the cgroup", hierarchy);
        if (cgroup->n_controllers >= CGROUP_CONTROLLERS_MAX) {
                (void) fd_close(fd);
                return error_set(error, ERROR_LIMIT_REACHED, E2BIG, "opening the cgroup", hierarchy,
                                 "there are too many hierarchies");
        }
        cgroup->controllers[cgroup->n_controllers] = fd;
        cgroup->is_unit[cgroup->n_controllers] = startswith(fields[2], cgroup->path);
        cgroup->controller_names[cgroup->n_controllers++] = strdup(fields[1]);
        if (!cgroup->controller_names[cgroup->n_controllers - 1])
                return error_oom(error);

        if (strv_contains(names, "memory"))
                cgroup->memory = fd_dup(fd);
        return 0;
}

static int open_hybrid(Cgroup *cgroup, char *const *lines, Error *error) {
        int fd, r;

        cgroup->path = own_path(lines, "name=systemd");
        if (!cgroup->path)
                return error_set(error, ERROR_NO_SYSTEMD, ENOENT, "finding our own cgroup", "/proc/self/cgroup",
                                 "systemd's hierarchy is not mounted");
        fd = open_directory("/systemd", cgroup->path, error);
        if (fd < 0)
                return fd;
        cgroup->unit[cgroup->n++] = fd;

        STRV_FOREACH(line, lines) {
                r = open_controllers(cgroup, *line, error);
                if (r < 0)
                        return r;
        }

        /* The unified hierarchy is a help (freeze, kill), not a need: legacy hosts lack it. */
        (void) open_unified(cgroup, lines, "/unified", NULL);
        return 0;
}

int cgroup_open_own(Cgroup *ret, Error *error) {
        _cleanup_cgroup_ Cgroup cgroup = CGROUP_NULL;
        _cleanup_strv_free_ char **lines = NULL;
        _cleanup_free_ char *text = NULL;
        struct statfs fs;
        int r;

        r = file_read_at(AT_FDCWD, "/proc/self/cgroup", FILE_MAX_DEFAULT, &text, NULL);
        if (r < 0)
                return error_set_errno(error, r, "reading", "/proc/self/cgroup");
        if (strv_split(text, "\n", &lines) < 0)
                return error_oom(error);
        if (statfs(CGROUP_ROOT, &fs) < 0)
                return error_set_errno(error, negative_errno(), "looking at", CGROUP_ROOT);

        if (fs.f_type == CGROUP2_SUPER_MAGIC) {
                r = open_unified(&cgroup, lines, "", error);
                if (r >= 0)
                        cgroup.memory = fd_dup(cgroup.unit[0]);
        } else
                r = open_hybrid(&cgroup, lines, error);
        if (r < 0)
                return r;

        *ret = cgroup;
        cgroup = CGROUP_NULL;
        return 0;
}

void cgroup_done(Cgroup *cgroup) {
        fd_close_many(cgroup->unit, CGROUP_HIERARCHIES_MAX);
        fd_close_many(cgroup->payload, CGROUP_HIERARCHIES_MAX);
        fd_close_many(cgroup->controllers, cgroup->n_controllers);
        for (size_t i = 0; i < cgroup->n_controllers; i++)
                free(cgroup->controller_names[i]);
        (void) fd_close(cgroup->cpuset_parent);
        (void) fd_close(cgroup->memory);
        free(cgroup->path);
        *cgroup = CGROUP_NULL;
}

/* What the owner of a delegated cgroup may write (cgroups(7), "Cgroup delegation"); older or v1 hierarchies lack some. */
static int give_payload(int payload, uid_t owner) {
        static const char *const files[] = { "cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "tasks" };

        if (fchown(payload, owner, owner) < 0)
                return negative_errno();
        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                if (fchownat(payload, files[i], owner, owner, 0) < 0 && errno != ENOENT)
                        return negative_errno();
        return 0;
}

/*
 * What an earlier machine of this unit left is no place to be born in: Linux since 6.14 kills a process that is cloned into a
 * cgroup if that was killed (cgroup.kill) more often than its parent's (cgroup_css_set_fork(), kernel/cgroup/cgroup.c).
 */
static int make_anew(int unit, const char *name) {
        (void) unlinkat(unit, name, AT_REMOVEDIR);
        return mkdirat(unit, name, 0755) < 0 && errno != EEXIST ? negative_errno() : 0;
}

/* The kernel lets no cgroup v2 that gives controllers to its children have processes of its own (cgroups(7)); v1 minds not. */
static int leave_to_payload(const Cgroup *cgroup) {
        const int unit = cgroup->unit[cgroup->n - 1];
        _cleanup_free_ char *controllers = NULL;
        int r = file_read_line(unit, "cgroup.controllers", &controllers);

        if (r == -ENOENT || (r >= 0 && !*controllers))
                return 0;
        if (r >= 0)
                r = make_anew(unit, "supervisor");
        return r < 0 ? r : file_write_value(unit, "supervisor/cgroup.procs", "0");
}

int cgroup_split(Cgroup *cgroup, uid_t owner, bool delegate, Error *error) {
        int r = delegate ? leave_to_payload(cgroup) : 0;

        for (size_t i = 0; i < cgroup->n && r >= 0; i++) {
                r = make_anew(cgroup->unit[i], "payload");
                if (r >= 0)
                        r = cgroup->payload[i] = openat(cgroup->unit[i], "payload", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
                if (r >= 0 && owner != 0)
                        r = give_payload(cgroup->payload[i], owner);
        }
        return r < 0 ? error_set_errno(error, r, "splitting the cgroup", cgroup->path) : 0;
}

/*
 * In cgroup v1 nobody but the host's root moves processes of another user than himself, whatever capabilities he has
 * (__cgroup1_procs_write(), kernel/cgroup/cgroup-v1.c). Root of a machine that we are in is not the host's: then the user
 * whom the cgroup was given to does it, who is the leader's.
 */
static int attach_as_owner(int directory, const char *pid) {
        struct stat st;
        int status;
        pid_t child;

        if (fstat(directory, &st) < 0)
                return negative_errno();
        child = fork();
        if (child < 0)
                return negative_errno();
        if (child == 0) {
                int r = setresuid(st.st_uid, st.st_uid, st.st_uid) < 0 ? negative_errno()
                                                                       : file_write_value(directory, "cgroup.procs", pid);

                _exit(r < 0 ? -r : 0);
        }
        if (waitpid(child, &status, 0) < 0)
                return negative_errno();
        return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

static int attach(const int *directories, size_t n, const char *pid) {
        for (size_t i = 0; i < n; i++) {
                int r = file_write_value(directories[i], "cgroup.procs", pid);

                if (r == -EACCES)
                        r = attach_as_owner(directories[i], pid);
                if (r < 0)
                        return r;
        }
        return 0;
}

int cgroup_attach_payload(const Cgroup *cgroup, pid_t pid, Error *error) {
        char value[3 * sizeof(pid)];
        int r;

        (void) snprintf(value, sizeof(value), "%i", pid);
        r = attach(cgroup->controllers, cgroup->n_controllers, value);
        if (r >= 0)
                r = attach(cgroup->payload, cgroup->n, value);
        return r < 0 ? error_set_errno(error, r, "moving the leader into the cgroup", cgroup->path) : 0;
}

static bool is_unified(int directory) {
        struct statfs fs;

        return fstatfs(directory, &fs) >= 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* Its path is the payload's word only below our unit: the kernel keeps it there. */
static int open_leaf(const Cgroup *cgroup, pid_t leader) {
        _cleanup_free_ char *file = str_format("/proc/%i/cgroup", leader), *text = NULL, *path = NULL;
        _cleanup_strv_free_ char **lines = NULL;
        const char *rest;
        int r, fd;

        r = file ? file_read_at(AT_FDCWD, file, FILE_MAX_DEFAULT, &text, NULL) : -ENOMEM;
        if (r >= 0)
                r = strv_split(text, "\n", &lines);
        if (r < 0)
                return r;

        path = own_path(lines, "");
        rest = path ? startswith(path, cgroup->path) : NULL;
        if (!rest || *rest != '/')
                return -ENOENT;
        fd = openat(cgroup->unit[cgroup->n - 1], rest + 1, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? negative_errno() : fd;
}

int cgroup_open_birthplace(const Cgroup *cgroup, pid_t leader, bool own_leaf) {
        if (cgroup->n == 0 || !is_unified(cgroup->payload[cgroup->n - 1]))
                return -ENOENT;
        return own_leaf ? open_leaf(cgroup, leader) : fd_dup(cgroup->payload[cgroup->n - 1]);
}

int cgroup_open_tasks(const Cgroup *cgroup, Error *error) {
        int fd;

        if (cgroup->n == 0 || is_unified(cgroup->payload[0]))
                return -EBADF;
        fd = openat(cgroup->payload[0], "tasks", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? error_set_errno(error, negative_errno(), "opening the cgroup", cgroup->path) : fd;
}

int cgroup_enter_tasks(int tasks, Error *error) {
        return tasks >= 0 && write(tasks, "0", 1) < 0
                       ? error_set_errno(error, negative_errno(), "moving into the cgroup", "/sys/fs/cgroup/systemd")
                       : 0;
}

/* Limits that come later */

int *cgroup_controller(Cgroup *cgroup, const char *name) {
        size_t n = strlen(name);

        for (size_t i = 0; i < cgroup->n_controllers; i++)
                for (const char *p = cgroup->controller_names[i]; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
                        if (strncmp(p, name, n) == 0 && (p[n] == ',' || !p[n]))
                                return &cgroup->controllers[i];
        return NULL;
}

/* What an iteration over all processes of a tree of cgroups does with each; false ends it. */
typedef void (*ForEach)(pid_t pid, void *userdata);

static int for_each_in(int dir, ForEach each, void *userdata);

typedef struct Gathering {
        int dir;
        size_t failed, moved;
        pid_t *seen;             /* those that were moved, by this or an earlier pass */
        size_t n_seen;
} Gathering;

static void gather_one(pid_t pid, void *userdata) {
        Gathering *g = userdata;
        char value[3 * sizeof(pid) + 1];
        pid_t *grown;
        int r;

        for (size_t i = 0; i < g->n_seen; i++)
                if (g->seen[i] == pid)
                        return;

        (void) snprintf(value, sizeof(value), "%i", pid);
        r = file_write_value(g->dir, "cgroup.procs", value);
        grown = reallocarray(g->seen, g->n_seen + 1, sizeof(pid_t));
        if (grown) {
                g->seen = grown;
                g->seen[g->n_seen++] = pid;
        }
        g->moved++;
        g->failed += (r < 0 && r != -ESRCH) || !grown;
}

/* Until a pass finds nobody new: a child of one that was not moved yet is where its parent was. */
int cgroup_gather(const Cgroup *cgroup, int dir, Error *error) {
        enum { PASSES = 100 };
        Gathering g = { .dir = dir };
        int r = file_write_value(dir, "cgroup.procs", "0");

        if (r < 0)
                return error_set_errno(error, r, "moving the supervisor into the cgroup", cgroup->path);
        for (int pass = 0; pass < PASSES; pass++) {
                _cleanup_close_ int payload = openat(cgroup->payload[0], ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);

                g.moved = 0;
                if (payload < 0 || for_each_in(payload, gather_one, &g) < 0 || g.moved == 0)
                        break;
        }
        free(g.seen);
        return g.failed > 0 || g.moved > 0 ? error_set(error, ERROR_FAILED, EBUSY, "moving the payload into the cgroup",
                                                       cgroup->path, "some of its processes could not be moved")
                                           : 0;
}

/* The unit's directory in the hierarchy of that name, -ENOENT where it has none. */
static int open_unit(const Cgroup *cgroup, const char *controllers) {
        _cleanup_free_ char *path = str_format(CGROUP_ROOT "/%s%s", controllers, cgroup->path);
        int fd = path ? open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC) : -1;

        return path ? fd < 0 ? negative_errno() : fd : -ENOMEM;
}

static bool is_same_file(int a, int b) {
        struct stat x, y;

        return fstat(a, &x) >= 0 && fstat(b, &y) >= 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int cgroup_refresh(Cgroup *cgroup, Error *error) {
        for (size_t i = 0; i < cgroup->n_controllers; i++) {
                _cleanup_close_ int fd = open_unit(cgroup, cgroup->controller_names[i]);
                int r;

                if (fd < 0 || is_same_file(fd, cgroup->controllers[i]))
                        continue;
                r = cgroup_gather(cgroup, fd, error);
                if (r < 0)
                        return r;
                (void) fd_close(cgroup->controllers[i]);
                cgroup->controllers[i] = TAKE_FD(fd);
                cgroup->is_unit[i] = true;
        }
        return 0;
}

int cgroup_payload(const Cgroup *cgroup) {
        return cgroup->n > 0 && is_unified(cgroup->payload[cgroup->n - 1]) ? cgroup->payload[cgroup->n - 1] : -EBADF;
}

int cgroup_kill_payload(const Cgroup *cgroup) {
        return cgroup->n == 0 ? -ENOENT : file_write_value(cgroup->payload[cgroup->n - 1], "cgroup.kill", "1");
}

static int for_each_of(int dir, ForEach each, void *userdata) {
        _cleanup_free_ char *text = NULL;
        int r = file_read_at(dir, "cgroup.procs", FILE_MAX_DEFAULT, &text, NULL);

        if (r < 0)
                return r;

        /* Numbers are of our own pid namespace; a process outside of it reads as 0 (cgroups(7)) and is not ours. */
        for (char *p = text, *end; *p; p = end) {
                long pid = strtol(p, &end, 10);

                if (end == p)
                        break;
                if (pid > 1)
                        each((pid_t) pid, userdata);
                end += *end == '\n';
        }
        return 0;
}

/* Depth first over a tree whose depth the kernel bounds (cgroup.max.depth) or its paths do. */
static int for_each_in(int dir, ForEach each, void *userdata) {
        _cleanup_close_ int owned = fd_dup(dir);
        struct dirent *entry;
        DIR *list = owned < 0 ? NULL : fdopendir(owned);
        int r = for_each_of(dir, each, userdata);

        if (!list)
                return negative_errno();
        TAKE_FD(owned);

        while ((entry = readdir(list))) {
                _cleanup_close_ int child = -EBADF;

                if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
                        continue;
                child = openat(dir, entry->d_name, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
                if (child >= 0)
                        (void) for_each_in(child, each, userdata);
        }
        (void) closedir(list);
        return r;
}

static void signal_one(pid_t pid, void *userdata) {
        (void) kill(pid, *(int *) userdata);
}

int cgroup_each_of_payload(const Cgroup *cgroup, ForEach each, void *userdata) {
        _cleanup_close_ int payload = -EBADF;

        if (cgroup->n == 0)
                return -ENOENT;

        /* Opened afresh: reading a directory moves the position of the descriptor that is kept. */
        payload = openat(cgroup->payload[0], ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        return payload < 0 ? negative_errno() : for_each_in(payload, each, userdata);
}

int cgroup_signal_payload(const Cgroup *cgroup, int signal) {
        if (signal == SIGKILL && cgroup_kill_payload(cgroup) >= 0)
                return 0;
        return cgroup_each_of_payload(cgroup, signal_one, &signal);
}

uint64_t cgroup_oom_kills(const Cgroup *cgroup) {
        static const char *const files[] = { "memory.events", "memory.oom_control" };
        uint64_t kills = 0;

        /* Both versions have a line "oom_kill N" (v1 since Linux 4.13). */
        for (size_t i = 0; cgroup->memory >= 0 && i < ELEMENTSOF(files); i++) {
                _cleanup_free_ char *text = NULL;
                const char *line;

                if (file_read_at(cgroup->memory, files[i], FILE_MAX_DEFAULT, &text, NULL) < 0)
                        continue;
                line = strstr(text, "\noom_kill ");
                if (line && sscanf(line, "\noom_kill %" SCNu64, &kills) == 1)
                        break;
        }
        return kills;
}

/* "max" is no number, and the greatest that a v1 file has is none either. */
static void read_bytes(int dir, const char *file, uint64_t *value) {
        _cleanup_free_ char *text = NULL;
        uint64_t bytes;

        if (file_read_line(dir, file, &text) >= 0 && sscanf(text, "%" SCNu64, &bytes) == 1 && bytes < INT64_MAX / 2)
                *value = bytes;
}

void cgroup_read_usage(const Cgroup *cgroup, uint64_t *memory_peak, uint64_t *memory_limit, uint64_t *cpu_usec) {
        _cleanup_free_ char *text = NULL;
        const char *line;

        if (cgroup->memory >= 0) {
                *memory_limit = UINT64_MAX;
                read_bytes(cgroup->memory, "memory.peak", memory_peak); /* since Linux 5.19 */
                read_bytes(cgroup->memory, "memory.max_usage_in_bytes", memory_peak);
                read_bytes(cgroup->memory, "memory.max", memory_limit);
                read_bytes(cgroup->memory, "memory.limit_in_bytes", memory_limit);
        }
        if (cgroup->n > 0 && file_read_at(cgroup->unit[cgroup->n - 1], "cpu.stat", FILE_MAX_DEFAULT, &text, NULL) >= 0) {
                line = strstr(text, "usage_usec ");
                if (line)
                        (void) sscanf(line, "usage_usec %" SCNu64, cpu_usec);
        }
}

bool cgroup_is_unit(const Cgroup *cgroup, const char *unit) {
        return streq(path_basename(cgroup->path), unit);
}
