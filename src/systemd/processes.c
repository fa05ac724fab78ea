/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"

/* More than this of a command line helps nobody. */
enum { COMMAND_MAX = 4096 };

typedef void (*Each)(const Process *p, void *userdata);

/* The fields behind the name, which may hold anything: so from the last parenthesis on (proc_pid_stat(5)). */
static int read_stat(int dir, Process *p, char name[static 32]) {
        _cleanup_free_ char *text = NULL;
        unsigned long long user, system;
        const char *open, *close;
        long threads, pages;
        char state;
        int r = file_read_at(dir, "stat", FILE_MAX_DEFAULT, &text, NULL);

        if (r < 0)
                return r;
        open = strchr(text, '(');
        close = strrchr(text, ')');
        if (!open || !close || close < open)
                return -EBADMSG;
        (void) snprintf(name, 32, "%.*s", (int) (close - open - 1), open + 1);
        if (sscanf(close + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %ld %*d %*u %*u %ld", &state,
                   &user, &system, &threads, &pages) != 5)
                return -EBADMSG;

        p->state[0] = state;
        p->threads = (unsigned) threads;
        p->cpu_usec = (user + system) * USEC_PER_SEC / (uint64_t) sysconf(_SC_CLK_TCK);
        p->memory = (uint64_t) pages * (uint64_t) sysconf(_SC_PAGESIZE);
        return 0;
}

/* The last number of NSpid: is that in its own namespace. */
static pid_t read_pid_inside(int dir) {
        _cleanup_free_ char *text = NULL;
        const char *line, *last;
        size_t n;

        if (file_read_at(dir, "status", FILE_MAX_DEFAULT, &text, NULL) < 0)
                return 0;
        line = strstr(text, "\nNSpid:");
        if (!line)
                return 0;
        line++;
        n = strcspn(line, "\n");
        for (last = line + n; last > line && last[-1] != '\t' && last[-1] != ' ';)
                last--;
        return (pid_t) strtol(last, NULL, 10);
}

/* What another program wrote there: with spaces for the ends of arguments, and nothing that a terminal would obey. */
static char *read_command(int dir, const char *name) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;

        if (file_read_at(dir, "cmdline", FILE_MAX_DEFAULT, &text, &size) < 0)
                return NULL;
        if (size > COMMAND_MAX)
                size = COMMAND_MAX;
        while (size > 0 && !text[size - 1])
                size--;
        if (size == 0) {
                _cleanup_free_ char *bracketed = str_format("[%s]", name);

                return bracketed ? str_escape(bracketed) : NULL;
        }
        text[size] = '\0';
        for (size_t i = 0; i < size; i++)
                if (!text[i])
                        text[i] = ' ';
        return str_escape(text);
}

static void read_process(pid_t pid, Each each, void *userdata) {
        char path[sizeof("/proc/") + 3 * sizeof(pid)], name[32] = "";
        _cleanup_free_ char *command = NULL;
        _cleanup_close_ int dir = -EBADF;
        Process p = { .pid = pid };
        struct stat st;

        (void) snprintf(path, sizeof(path), "/proc/%i", pid);
        dir = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        if (dir < 0 || fstat(dir, &st) < 0 || read_stat(dir, &p, name) < 0)
                return;
        p.uid = st.st_uid;
        p.pid_inside = read_pid_inside(dir);
        p.command = command = read_command(dir, name);
        if (command)
                each(&p, userdata);
}

/* A cgroup and those below: a system inside makes its own. */
static int read_cgroup(int dir, unsigned depth, Each each, void *userdata) {
        enum { DEPTH_MAX = 64 };
        _cleanup_close_ int list_fd = openat(dir, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        _cleanup_free_ char *text = NULL;
        struct dirent *entry;
        DIR *list;
        int r = file_read_at(dir, "cgroup.procs", FILE_MAX_DEFAULT, &text, NULL);

        if (r < 0)
                return r;
        for (char *p = text, *end; *p; p = end + (*end == '\n')) {
                long pid = strtol(p, &end, 10);

                if (end == p)
                        break;
                if (pid > 0)
                        read_process((pid_t) pid, each, userdata);
        }

        list = list_fd < 0 || depth >= DEPTH_MAX ? NULL : fdopendir(list_fd);
        if (!list)
                return 0;
        TAKE_FD(list_fd);
        while ((entry = readdir(list))) {
                _cleanup_close_ int child = -EBADF;

                if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
                        continue;
                child = openat(dir, entry->d_name, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
                if (child >= 0)
                        (void) read_cgroup(child, depth + 1, each, userdata);
        }
        (void) closedir(list);
        return 0;
}

int processes_read(HostKind host, const char *unit, Each each, void *userdata) {
        _cleanup_free_ char *path = str_format("/sys/fs/cgroup%s%s/payload", host == HOST_UNIFIED ? "" : "/systemd", unit);
        _cleanup_close_ int dir = path ? open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC) : -1;

        if (!path)
                return -ENOMEM;
        return dir < 0 ? negative_errno() : read_cgroup(dir, 0, each, userdata);
}
