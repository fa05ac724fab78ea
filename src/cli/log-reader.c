/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-reader.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "fd-util.h"
#include "parse-util.h"
#include "string-util.h"

/* SD_MESSAGE_JOURNAL_DROPPED of journald: what it says where it left messages of a unit out. */
#define MESSAGE_DROPPED "MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e"

enum { ROTATED_FILES = 4 };

struct LogReader {
        sd_journal *journal;

        char *path;              /* of the file */
        FILE *file;              /* NULL between files */
        int index;               /* of the one that is read: the greatest is the oldest, 0 the one that is written */
        ino_t inode;
        int inotify;

        char *line;
        size_t line_room;
};

LogReader *log_reader_free(LogReader *r) {
        if (!r)
                return NULL;
        sd_journal_close(r->journal);
        if (r->file)
                (void) fclose(r->file);
        (void) fd_close(r->inotify);
        free(r->path);
        free(r->line);
        free(r);
        return NULL;
}

static LogReader *reader_new(Error *error) {
        LogReader *r = calloc(1, sizeof(LogReader));

        if (!r) {
                (void) error_oom(error);
                return NULL;
        }
        r->inotify = -EBADF;
        return r;
}

/* The journal */

/* Makes journald write down what it has got until now, which root may ask for (systemd-journald(8)); others see it a moment later. */
static void synchronize(void) {
        static const struct sockaddr_un address = { .sun_family = AF_UNIX,
                                                    .sun_path = "/run/systemd/journal/io.systemd.journal" };
        static const char call[] = "{\"method\":\"io.systemd.Journal.Synchronize\"}";
        const struct timeval patience = { .tv_sec = 3 };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char answer[256];

        /* The NUL ends a message (varlink.org). */
        if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) >= 0 &&
            connect(fd, (const struct sockaddr *) &address, sizeof(address)) >= 0 && fd_write_all(fd, call, sizeof(call)) >= 0)
                (void) !read(fd, answer, sizeof(answer));
}

int log_reader_open_journal(const char *machine, LogReader **ret, Error *error) {
        _cleanup_free_ char *match = str_format("BERTH_MACHINE=%s", machine);
        _cleanup_free_ char *unit = str_format("OBJECT_SYSTEMD_UNIT=berth-%s.scope", machine);
        _cleanup_(log_reader_freep) LogReader *reader = reader_new(error);
        int r;

        if (!reader)
                return -ENOMEM;
        if (!match || !unit)
                return error_oom(error);

        synchronize();
        r = sd_journal_open(&reader->journal, SD_JOURNAL_LOCAL_ONLY);
        if (r >= 0)
                r = sd_journal_set_data_threshold(reader->journal, 0);
        if (r >= 0)
                r = sd_journal_add_match(reader->journal, match, 0);
        if (r >= 0)
                r = sd_journal_add_disjunction(reader->journal);
        if (r >= 0)
                r = sd_journal_add_match(reader->journal, MESSAGE_DROPPED, 0);
        if (r >= 0)
                r = sd_journal_add_match(reader->journal, unit, 0);
        if (r < 0)
                return error_set_errno(error, r, "opening the journal", NULL);
        *ret = TAKE_PTR(reader);
        return 0;
}

static int get_field(sd_journal *journal, const char *name, const char **ret, size_t *ret_size) {
        const void *data;
        size_t size, n = strlen(name) + 1;
        int r = sd_journal_get_data(journal, name, &data, &size);

        if (r < 0)
                return r;
        *ret = (const char *) data + n;
        *ret_size = size - n;
        return 0;
}

static uint64_t get_number(sd_journal *journal, const char *name) {
        char text[32];
        const char *data;
        uint64_t n = 0;
        size_t size;

        if (get_field(journal, name, &data, &size) < 0 || size >= sizeof(text))
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        return parse_u64(text, &n) < 0 ? 0 : n;
}

static int journal_next(LogReader *r, LogEntry *ret) {
        const char *text = "", *stream;
        size_t size = 0, n;
        int q = sd_journal_next(r->journal);

        if (q <= 0)
                return q;
        *ret = (LogEntry){ .partial = get_number(r->journal, "BERTH_PARTIAL") > 0, .lost = get_number(r->journal, "BERTH_LOST") };
        (void) sd_journal_get_realtime_usec(r->journal, &ret->usec);
        if (get_field(r->journal, "BERTH_STREAM", &stream, &n) < 0) {
                ret->lost = get_number(r->journal, "N_DROPPED");
                ret->limited = true;
                return 1;
        }
        memcpy(ret->stream, stream, n < sizeof(ret->stream) ? n : sizeof(ret->stream) - 1);

        if (get_field(r->journal, "MESSAGE", &text, &size) < 0)
                size = 0;
        if (size > r->line_room) {
                free(r->line);
                r->line = malloc(size);
                r->line_room = r->line ? size : 0;
                if (!r->line)
                        return -ENOMEM;
        }
        if (size > 0)
                memcpy(r->line, text, size);
        ret->text = r->line;
        ret->size = size;
        return 1;
}

/* Whether the entry is the end of a line: neither a piece of a long one, nor what journald says. */
static bool ends_line(sd_journal *journal) {
        const char *data;
        size_t size;

        return get_field(journal, "BERTH_STREAM", &data, &size) >= 0 && get_number(journal, "BERTH_PARTIAL") == 0;
}

/* To the entry before the one that is wanted, since the next is what is read first. */
static int journal_seek(LogReader *r, uint64_t since, uint64_t until, uint64_t n) {
        uint64_t usec;
        int q;

        if (n == UINT64_MAX)
                return since > 0 ? sd_journal_seek_realtime_usec(r->journal, since) : sd_journal_seek_head(r->journal);
        q = until == UINT64_MAX ? sd_journal_seek_tail(r->journal) : sd_journal_seek_realtime_usec(r->journal, until + 1);
        if (q < 0)
                return q;
        while ((q = sd_journal_previous(r->journal)) > 0) {
                if (sd_journal_get_realtime_usec(r->journal, &usec) >= 0 && usec < since)
                        return 0;
                if (ends_line(r->journal) && n-- == 0)
                        return 0;
        }
        return q < 0 ? q : sd_journal_seek_head(r->journal);
}

/* The file */

static const char *file_path(const LogReader *r, int index, char path[static PATH_MAX]) {
        (void) snprintf(path, PATH_MAX, index > 0 ? "%s.%i" : "%s", r->path, index);
        return path;
}

static int open_next_file(LogReader *r, int index) {
        char path[PATH_MAX];
        struct stat st;

        if (r->file)
                (void) fclose(r->file);
        r->file = fopen(file_path(r, index, path), "re");
        r->index = index;
        if (!r->file || fstat(fileno(r->file), &st) < 0)
                return negative_errno();
        r->inode = st.st_ino;
        return 0;
}

/* What the file that is read is called by now: it may have been renamed meanwhile, more than once. */
static int current_index(const LogReader *r) {
        char path[PATH_MAX];
        struct stat st;

        if (!r->file)
                return r->index;
        for (int i = r->index; i <= ROTATED_FILES; i++)
                if (stat(file_path(r, i, path), &st) >= 0 && st.st_ino == r->inode)
                        return i;
        return ROTATED_FILES + 1;
}

/* At the end of one: the next newer. 0: there is no more. */
static int advance(LogReader *r) {
        for (int i = current_index(r) - 1; i >= 0; i--)
                if (open_next_file(r, i) >= 0)
                        return 1;
        /* Between two, the newest is about to be made. */
        if (!r->file)
                r->index = 1;
        return 0;
}

/* TIME STREAM F|P TEXT. A line that is not of this form is text, too. */
static void split_line(char *line, size_t size, LogEntry *ret) {
        char *stream = memchr(line, ' ', size), *tag = stream ? strchr(stream + 1, ' ') : NULL;
        struct tm tm = {};
        const char *fraction;

        *ret = (LogEntry){ .text = line, .size = size };
        if (!tag || tag + 3 > line + size || tag[2] != ' ' || (size_t) (tag - stream) > sizeof(ret->stream))
                return;
        fraction = strptime(line, "%Y-%m-%dT%H:%M:%S", &tm);
        ret->usec = (uint64_t) timegm(&tm) * USEC_PER_SEC;
        if (fraction && *fraction == '.')
                ret->usec += strtoull((char[]){ fraction[1], fraction[2], fraction[3], fraction[4], fraction[5], fraction[6], 0 },
                                      NULL, 10);
        memcpy(ret->stream, stream + 1, (size_t) (tag - stream) - 1);
        ret->partial = tag[1] == 'P';
        ret->text = tag + 3;
        ret->size = (size_t) (line + size - ret->text);
}

static int file_next(LogReader *r, LogEntry *ret) {
        ssize_t n;

        for (;;) {
                if (r->file) {
                        off_t before = ftello(r->file);

                        n = getline(&r->line, &r->line_room, r->file);
                        if (n > 0 && r->line[n - 1] == '\n') {
                                split_line(r->line, (size_t) n - 1, ret);
                                return 1;
                        }
                        /* Half a line is one that is being written. */
                        clearerr(r->file);
                        (void) fseeko(r->file, before, SEEK_SET);
                }
                if (advance(r) == 0)
                        return 0;
        }
}

static int file_rewind(LogReader *r) {
        if (r->file)
                (void) fclose(r->file);
        r->file = NULL;
        r->index = ROTATED_FILES + 1;
        return 0;
}

static int file_seek(LogReader *r, uint64_t since, uint64_t until, uint64_t n) {
        uint64_t lines = 0, skipped;
        LogEntry entry;
        int q;

        while ((q = file_next(r, &entry)) > 0)
                lines += !entry.partial && entry.usec >= since && entry.usec <= until;
        skipped = n < lines ? lines - n : 0;
        (void) file_rewind(r);
        while (q >= 0) {
                off_t before = r->file ? ftello(r->file) : 0;
                ino_t inode = r->inode;

                q = file_next(r, &entry);
                if (q <= 0)
                        return q;
                /* One too far. */
                if (entry.usec >= since && skipped == 0)
                        return fseeko(r->file, inode == r->inode ? before : 0, SEEK_SET) < 0 ? negative_errno() : 0;
                skipped -= !entry.partial && entry.usec >= since;
        }
        return q;
}

int log_reader_open_file(const char *machine, LogReader **ret, Error *error) {
        _cleanup_(log_reader_freep) LogReader *reader = reader_new(error);

        if (!reader)
                return -ENOMEM;
        reader->path = str_format("%s/%s.log", BERTH_LOG_DIR, machine);
        if (!reader->path)
                return error_oom(error);
        if (access(reader->path, R_OK) < 0)
                return errno == ENOENT ? -ENOENT : error_set_errno(error, negative_errno(), "opening the log", reader->path);
        (void) file_rewind(reader);
        *ret = TAKE_PTR(reader);
        return 0;
}

/* Both */

int log_reader_seek(LogReader *r, uint64_t since, uint64_t until, uint64_t n) {
        return r->journal ? journal_seek(r, since, until, n) : file_seek(r, since, until, n);
}

int log_reader_next(LogReader *r, LogEntry *ret) {
        char events[4096];

        if (r->journal) {
                (void) sd_journal_process(r->journal);
                return journal_next(r, ret);
        }
        if (r->inotify >= 0)
                (void) !read(r->inotify, events, sizeof(events));
        return file_next(r, ret);
}

int log_reader_fd(LogReader *r) {
        if (r->journal)
                return sd_journal_get_fd(r->journal);
        if (r->inotify < 0) {
                r->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
                if (r->inotify < 0 || inotify_add_watch(r->inotify, BERTH_LOG_DIR, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
                        return negative_errno();
        }
        return r->inotify;
}
