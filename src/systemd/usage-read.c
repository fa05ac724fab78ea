/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "usage-read.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"
#include "strv.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/* Which of UsageFiles is which. */
static const char *const file_names[] = {
        "cpu.stat", "cpu.pressure", "memory.pressure", "io.pressure", "memory.current", "memory.max", "memory.peak",
        "memory.swap.current", "memory.swap.max", "pids.current", "pids.max", "io.stat", "memory.usage_in_bytes",
        "memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.memsw.usage_in_bytes", "memory.memsw.limit_in_bytes",
};
static_assert(ELEMENTSOF(file_names) <= USAGE_FILES_MAX, "each has a place");

UsageFiles *usage_files_new(void) {
        UsageFiles *files = malloc(sizeof(UsageFiles));

        for (size_t i = 0; files && i < USAGE_FILES_MAX; i++)
                files->fds[i] = -EBADF;
        return files;
}

UsageFiles *usage_files_free(UsageFiles *files) {
        if (files)
                fd_close_many(files->fds, USAGE_FILES_MAX);
        free(files);
        return NULL;
}

/* Five hundred machines are read at once, so files go into one buffer that is not allocated. What is longer is cut. */
typedef struct Reader {
        HostKind host;
        const char *unit;
        UsageFiles *files;
        Usage *usage;
        char path[PATH_MAX];
        char text[16 * 1024];
} Reader;

static bool read_path(Reader *r) {
        _cleanup_close_ int fd = open(r->path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, r->text, sizeof(r->text) - 1);

        r->text[n > 0 ? n : 0] = '\0';
        return n > 0;
}

/* Where it stays open; NULL for one that may come and go, like those of blkio. */
static int *find_slot(Reader *r, const char *file) {
        for (size_t i = 0; r->files && i < ELEMENTSOF(file_names); i++)
                if (streq(file_names[i], file))
                        return &r->files->fds[i];
        return NULL;
}

static bool read_open(Reader *r, int fd) {
        ssize_t n = pread(fd, r->text, sizeof(r->text) - 1, 0);

        r->text[n > 0 ? n : 0] = '\0';
        return n > 0;
}

/* A file of the unit: of cgroup v2, or of one v1 hierarchy (in HIERARCHY). */
static bool read_file(Reader *r, const char *hierarchy, const char *file) {
        int *slot = find_slot(r, file);

        if (slot && *slot >= 0)
                return read_open(r, *slot);
        if (slot && snprintf(r->path, sizeof(r->path), CGROUP_ROOT "%s%s/%s", hierarchy, r->unit, file) < (int) sizeof(r->path)) {
                int fd = open(r->path, O_RDONLY | O_CLOEXEC);

                *slot = fd < 0 ? -EBADF : fd;
                return fd >= 0 && read_open(r, fd);
        }
        return snprintf(r->path, sizeof(r->path), CGROUP_ROOT "%s%s/%s", hierarchy, r->unit, file) < (int) sizeof(r->path) &&
               read_path(r);
}

static bool parse(const char *text, uint64_t *ret) {
        char *end;

        if (!text || *text < '0' || *text > '9')
                return false;
        *ret = strtoull(text, &end, 10);
        return true;
}

/* The number behind KEY at the start of a line. */
static bool find(const char *text, const char *key, uint64_t *ret) {
        size_t n = strlen(key);

        for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                if (strncmp(line, key, n) == 0 && line[n] == ' ')
                        return parse(line + n + 1, ret);
        return false;
}

/* cgroup v1 has its largest number of pages where there is no limit. */
static void set_limit(Reader *r, UsageKey key, uint64_t value) {
        if (value < INT64_MAX / 2)
                r->usage->values[key] = value;
}

static void read_number(Reader *r, const char *hierarchy, const char *file, UsageKey key, bool limit) {
        uint64_t value;

        if (!read_file(r, hierarchy, file) || !parse(r->text, &value))
                return;
        if (limit)
                set_limit(r, key, value);
        else
                r->usage->values[key] = value;
}

static void add(uint64_t *sum, uint64_t value) {
        *sum = *sum == USAGE_NONE ? value : *sum + value;
}

/* "some avg10=1.23 …": of the kernel's pressure stall information, as hundredths. */
static void read_pressure(Reader *r, const char *hierarchy, const char *file, UsageKey key) {
        unsigned whole, hundredths;

        if (read_file(r, hierarchy, file) && sscanf(r->text, "some avg10=%u.%2u", &whole, &hundredths) == 2)
                r->usage->values[key] = whole * 100 + hundredths;
}

/* In the unified hierarchy, which a hybrid host has, too: without controllers it counts these all the same. */
static void read_unified(Reader *r) {
        const char *hierarchy = r->host == HOST_UNIFIED ? "" : "/unified";

        if (read_file(r, hierarchy, "cpu.stat"))
                (void) find(r->text, "usage_usec", &r->usage->values[USAGE_CPU]);
        read_pressure(r, hierarchy, "cpu.pressure", USAGE_CPU_PRESSURE);
        read_pressure(r, hierarchy, "memory.pressure", USAGE_MEMORY_PRESSURE);
        read_pressure(r, hierarchy, "io.pressure", USAGE_IO_PRESSURE);
}

/* "253:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0", a device a line. */
static void read_io_stat(Reader *r) {
        static const struct {
                const char *name;
                UsageKey key;
        } fields[] = {
                { " rbytes=", USAGE_IO_READ },
                { " wbytes=", USAGE_IO_WRITE },
                { " rios=", USAGE_IO_READS },
                { " wios=", USAGE_IO_WRITES },
        };

        if (!read_file(r, "", "io.stat")) {
                /* Empty until there is any: then nothing has been read. */
                const int *slot = find_slot(r, "io.stat");

                if (slot ? *slot >= 0 : access(r->path, F_OK) >= 0)
                        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                                r->usage->values[fields[i].key] = 0;
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                for (const char *p = r->text; (p = strstr(p, fields[i].name));) {
                        uint64_t value;

                        p += strlen(fields[i].name);
                        if (parse(p, &value))
                                add(&r->usage->values[fields[i].key], value);
                }
}

static void read_v2(Reader *r) {
        read_number(r, "", "memory.current", USAGE_MEMORY, false);
        read_number(r, "", "memory.max", USAGE_MEMORY_MAX, true);
        read_number(r, "", "memory.peak", USAGE_MEMORY_PEAK, false);
        read_number(r, "", "memory.swap.current", USAGE_SWAP, false);
        read_number(r, "", "memory.swap.max", USAGE_SWAP_MAX, true);
        read_number(r, "", "pids.current", USAGE_TASKS, false);
        read_number(r, "", "pids.max", USAGE_TASKS_MAX, true);
        read_io_stat(r);
}

/* "7:0 Read 4096", lines for each device and operation. */
static bool read_blkio(Reader *r, const char *file, UsageKey reads, UsageKey writes) {
        if (!read_file(r, "/blkio", file))
                return false;
        for (const char *line = r->text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
                const char *word = strchr(line, ' ');
                uint64_t value;

                if (word && startswith(word, " Read ") && parse(word + strlen(" Read "), &value))
                        add(&r->usage->values[reads], value);
                else if (word && startswith(word, " Write ") && parse(word + strlen(" Write "), &value))
                        add(&r->usage->values[writes], value);
        }
        return true;
}

static void read_v1(Reader *r) {
        uint64_t *values = r->usage->values, sum = USAGE_NONE, sum_max;

        read_number(r, "/memory", "memory.usage_in_bytes", USAGE_MEMORY, false);
        read_number(r, "/memory", "memory.limit_in_bytes", USAGE_MEMORY_MAX, true);
        read_number(r, "/memory", "memory.max_usage_in_bytes", USAGE_MEMORY_PEAK, false);
        /* Here the kernel has the sum of both. */
        if (read_file(r, "/memory", "memory.memsw.usage_in_bytes") && parse(r->text, &sum) && values[USAGE_MEMORY] != USAGE_NONE)
                values[USAGE_SWAP] = sum > values[USAGE_MEMORY] ? sum - values[USAGE_MEMORY] : 0;
        if (values[USAGE_MEMORY_MAX] != USAGE_NONE && read_file(r, "/memory", "memory.memsw.limit_in_bytes") &&
            parse(r->text, &sum_max) && sum_max < INT64_MAX / 2)
                values[USAGE_SWAP_MAX] = sum_max - values[USAGE_MEMORY_MAX];
        read_number(r, "/pids", "pids.current", USAGE_TASKS, false);
        read_number(r, "/pids", "pids.max", USAGE_TASKS_MAX, true);
        if (read_blkio(r, "blkio.throttle.io_service_bytes_recursive", USAGE_IO_READ, USAGE_IO_WRITE))
                (void) read_blkio(r, "blkio.throttle.io_serviced_recursive", USAGE_IO_READS, USAGE_IO_WRITES);
}

/* proc_pid_net(5): "  eth0: RECEIVED … TRANSMITTED …", bytes being the first and the ninth number. */
static void read_network(Reader *r, pid_t leader) {
        uint64_t *values = r->usage->values;
        const char *line;

        (void) snprintf(r->path, sizeof(r->path), "/proc/%i/net/dev", leader);
        if (!read_path(r))
                return;
        values[USAGE_NETWORK_RECEIVE] = values[USAGE_NETWORK_TRANSMIT] = 0;
        for (line = r->text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
                const char *colon = strchr(line, ':'), *end = strchrnul(line, '\n');
                uint64_t received, sent;

                line += strspn(line, " ");
                if (!colon || colon > end || startswith(line, "lo:"))
                        continue;
                if (sscanf(colon + 1, "%" SCNu64 "%*u%*u%*u%*u%*u%*u%*u%" SCNu64, &received, &sent) != 2)
                        continue;
                values[USAGE_NETWORK_RECEIVE] += received;
                values[USAGE_NETWORK_TRANSMIT] += sent;
        }
}

void usage_read(HostKind host, const char *unit, UsageFiles *files, pid_t leader, Usage *ret) {
        Reader reader;
        struct timespec now;

        usage_clear(ret);
        reader.host = host;
        reader.unit = unit;
        reader.files = files;
        reader.usage = ret;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        ret->values[USAGE_TIMESTAMP] = (uint64_t) now.tv_sec * USEC_PER_SEC + (uint64_t) now.tv_nsec / 1000;
        read_unified(&reader);
        if (host == HOST_UNIFIED)
                read_v2(&reader);
        else
                read_v1(&reader);
        if (leader > 0)
                read_network(&reader, leader);
}

int usage_find_unit(HostKind host, pid_t pid, char **ret) {
        const char *key = host == HOST_UNIFIED ? "0::" : ":name=systemd:";
        _cleanup_strv_free_ char **lines = NULL;
        _cleanup_free_ char *text = NULL;
        char path[sizeof("/proc//cgroup") + 3 * sizeof(pid)];
        int r;

        (void) snprintf(path, sizeof(path), "/proc/%i/cgroup", pid);
        r = file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &text, NULL);
        if (r >= 0)
                r = strv_split(text, "\n", &lines);
        if (r < 0)
                return r;

        STRV_FOREACH(line, lines) {
                char *found = strstr(*line, key), *below;

                if (!found)
                        continue;
                found += strlen(key);
                below = strstr(found, "/supervisor");
                if (below && !below[strlen("/supervisor")])
                        *below = '\0';
                *ret = strdup(found);
                return *ret ? 0 : -ENOMEM;
        }
        return -ENOENT;
}
