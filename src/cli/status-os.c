/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a machine is, by its own word: the operating system in its tree, and what it wrote last. */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "fd-util.h"
#include "file-util.h"
#include "log-reader.h"
#include "path-util.h"
#include "status-line.h"
#include "string-util.h"
#include "strv.h"

enum { OS_RELEASE_MAX = 64 * 1024 };

/* The tree as its processes see it, or as it lies there where that is a directory; who may not look into it gets none. */
static int open_tree_of(uint32_t leader, const char *root) {
        char path[sizeof("/proc//root") + 3 * sizeof(leader)];
        int fd = -1;

        (void) snprintf(path, sizeof(path), "/proc/%" PRIu32 "/root", leader);
        if (leader > 0)
                fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        else if (!isempty(root))
                fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? negative_errno() : fd;
}

/* No link leads out of the tree, and nothing in it can make us wait. */
static char *read_os_release(int tree) {
        static const char *const places[] = { "/etc/os-release", "/usr/lib/os-release" };

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_close_ int fd = path_open_in_root(tree, places[i], O_RDONLY | O_NONBLOCK | O_NOCTTY);
                char *text;

                if (fd >= 0 && fd_read_all(fd, OS_RELEASE_MAX, &text, NULL) >= 0)
                        return text;
        }
        return NULL;
}

/* os-release(5): as shells have it, of which quotes around the whole are what there is. */
static char *value_of(const char *line) {
        const char *value = startswith(line, "PRETTY_NAME=");
        size_t n = value ? strlen(value) : 0;

        if (n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n - 1] == value[0])
                return strndup(value + 1, n - 2);
        return value ? strdup(value) : NULL;
}

void status_print_os(uint32_t leader, const char *root) {
        _cleanup_close_ int tree = open_tree_of(leader, root);
        _cleanup_free_ char *text = tree < 0 ? NULL : read_os_release(tree), *name = NULL;
        _cleanup_strv_free_ char **lines = NULL;

        if (!text || strv_split(text, "\n", &lines) < 0)
                return;
        STRV_FOREACH(line, lines)
                if (!name)
                        name = value_of(*line);
        if (!isempty(name))
                status_line("OS", "%s", name);
}

static void print_entry(const LogEntry *entry) {
        time_t seconds = (time_t) (entry->usec / USEC_PER_SEC);
        _cleanup_free_ char *text = strndup(strempty(entry->text), entry->size), *escaped = text ? str_escape(text) : NULL;
        char date[64];
        struct tm tm;

        if (!*entry->stream || !escaped)
                return;
        if (!localtime_r(&seconds, &tm) || strftime(date, sizeof(date), "%b %d %H:%M:%S", &tm) == 0)
                date[0] = '\0';
        printf("%s %s\n", date, escaped);
}

void status_print_log(const char *machine, const char *where, uint32_t lines) {
        _cleanup_(log_reader_freep) LogReader *reader = NULL;
        LogEntry entry;
        int r = -ENOENT;

        if (lines == 0 || isempty(where))
                return;
        if (streq(where, "file"))
                r = log_reader_open_file(machine, &reader, NULL);
        else if (streq(where, "journal"))
                r = log_reader_open_journal(machine, &reader, NULL);
        if (r < 0 || log_reader_seek(reader, 0, UINT64_MAX, lines) < 0)
                return;
        for (bool first = true; log_reader_next(reader, &entry) > 0; first = false) {
                if (first)
                        putchar('\n');
                print_entry(&entry);
        }
}
