/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recorder.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fd-util.h"
#include "journal.h"
#include "log.h"
#include "log-file.h"
#include "string-util.h"

enum {
        LINE_SIZE = 48 * 1024,   /* as journald has it for streams (LineMax=, journald.conf(5)) */
        CHUNK = 16 * 1024,
        COPY_CHUNK = 4096,       /* PIPE_BUF: what a pipe that polls as writable takes without waiting (pipe(7)) */
        PATIENCE_USEC = 5 * 1000 * 1000,
        DRAIN_USEC = 5 * 1000 * 1000,
        DRAIN_ROUNDS = 12,       /* as often as something was taken meanwhile */
};

/* The line that is being read, of one stream. */
typedef struct Line {
        char *data;
        size_t size;
        bool continued;          /* its beginning is recorded already */
} Line;

typedef struct Pipe {
        Recorder *recorder;
        RecordStream stream;
        Line line;
        int fd;
        sd_event_source *source;
        int copy;                /* where what comes goes, too; or -EBADF */
        sd_event_source *copy_source; /* waits until it takes more; NULL: a file, that always does */
        char *held;              /* not copied yet */
        size_t held_start, held_end;
        struct Pipe *next;
} Pipe;

struct Recorder {
        sd_event *event;
        char *machine;
        LogMode mode;
        LogFile file;
        int journal;
        sd_event_source *journal_source; /* while it is behind */
        sd_event_source *patience;
        bool given_up;           /* on waiting: until it takes something again */
        bool ending;             /* or for good */
        uint64_t lost;           /* lines, since the last that was recorded */

        Line lines[_RECORD_STREAM_MAX]; /* of recorder_write() */
        Line *pending_line;      /* what could not be recorded yet: the rest of a chunk, and whose */
        RecordStream pending_stream;
        char *pending;
        size_t pending_start, pending_end;

        Pipe *pipes;
        void (*ready)(void *userdata);
        void *ready_userdata;
        void (*done)(void *userdata);
        void *done_userdata;
        sd_event_source *deadline;
        uint64_t recorded, recorded_before; /* lines: in all, and at the last look */
        unsigned rounds;
};

static const char *const stream_names[] = { "stdout", "stderr", "terminal" };
static_assert(ELEMENTSOF(stream_names) == _RECORD_STREAM_MAX, "each stream has a name");

static void update(Recorder *r);

/* Sinks: 0, -EAGAIN, or it is lost. */

#define FIELD(name, text) (JournalField){ name, text, strlen(text) }

static int to_journal(Recorder *r, RecordStream stream, bool partial, const char *text, size_t size) {
        JournalField fields[8] = {
                { "MESSAGE", text, size },
                FIELD("PRIORITY", stream == RECORD_STDERR ? "3" : "6"),
                FIELD("SYSLOG_IDENTIFIER", r->machine),
                FIELD("BERTH_MACHINE", r->machine),
                FIELD("BERTH_STREAM", stream_names[stream]),
        };
        char lost[3 * sizeof(r->lost) + 1];
        size_t n = 5;
        int q;

        if (partial)
                fields[n++] = FIELD("BERTH_PARTIAL", "1");
        if (r->lost > 0) {
                (void) snprintf(lost, sizeof(lost), "%llu", (unsigned long long) r->lost);
                fields[n++] = FIELD("BERTH_LOST", lost);
        }

        if (r->journal < 0)
                r->journal = journal_connect();
        q = r->journal < 0 ? r->journal : journal_send(r->journal, fields, n);
        if (q < 0 && q != -EAGAIN && r->journal >= 0) {
                /* A journald that was stopped altogether, and came back with another socket. */
                r->journal_source = sd_event_source_disable_unref(r->journal_source);
                (void) fd_close(r->journal);
                r->journal = journal_connect();
                q = r->journal < 0 ? -EIO : journal_send(r->journal, fields, n);
        }
        return q;
}

static int record(Recorder *r, RecordStream stream, bool partial, const char *text, size_t size) {
        int q = r->mode == LOG_TO_FILE ? log_file_write(&r->file, stream_names[stream], partial, text, size)
                                       : to_journal(r, stream, partial, text, size);

        if (q == -EAGAIN && r->mode != LOG_TO_FILE && !r->given_up && !r->ending)
                return q;
        if (q < 0) {
                r->lost++;
                return 0;
        }
        r->lost = 0;
        if (r->mode != LOG_TO_FILE) {
                r->given_up = false;
                r->recorded++;
        }
        return 0;
}

/* Lines */

/* A terminal ends its lines with a carriage return, too; a PARTIAL one has no end. */
static size_t without_return(RecordStream stream, bool partial, const char *text, size_t size) {
        return stream == RECORD_TERMINAL && !partial && size > 0 && text[size - 1] == '\r' ? size - 1 : size;
}

/* Keeps the beginning of a line whose end has not come. */
static void line_keep(Recorder *r, Line *line, const char *text, size_t size) {
        char *grown = realloc(line->data, LINE_SIZE);

        if (!grown) {
                r->lost++;
                return;
        }
        memcpy(grown + line->size, text, size);
        line->data = grown;
        line->size += size;
}

/* How much of DATA was taken: up to the end of a line that could not be recorded. */
static size_t take(Recorder *r, Line *line, RecordStream stream, const char *data, size_t size) {
        size_t taken = 0;

        while (taken < size) {
                const char *text = data + taken, *newline = memchr(text, '\n', size - taken);
                size_t n = newline ? (size_t) (newline - text) : size - taken, whole;
                bool full = line->size + n > LINE_SIZE;

                if (full)
                        n = LINE_SIZE - line->size;
                if (!newline && !full) {
                        line_keep(r, line, text, n);
                        return size;
                }

                whole = line->size + n;
                if (line->size > 0) {
                        memcpy(line->data + line->size, text, n);
                        text = line->data;
                }
                if (record(r, stream, full, text, without_return(stream, full, text, whole)) < 0)
                        return taken;
                line->size = 0;
                taken += n + (full ? 0 : 1);
        }
        return taken;
}

static void end_line(Recorder *r, Line *line, RecordStream stream) {
        if (line->size > 0)
                (void) record(r, stream, /* partial= */ false, line->data,
                              without_return(stream, /* partial= */ false, line->data, line->size));
        free(line->data);
        *line = (Line){};
}

/* What is behind a journal that does not take more */

static int on_journal(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        update(userdata);
        return 0;
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        Recorder *r = userdata;

        r->given_up = true;
        update(r);
        return 0;
}

static void wait_for_journal(Recorder *r) {
        if (!r->journal_source)
                (void) sd_event_add_io(r->event, &r->journal_source, r->journal, EPOLLOUT, on_journal, r);
        (void) sd_event_source_set_enabled(r->journal_source, SD_EVENT_ONESHOT);
        if (!r->patience)
                (void) sd_event_add_time_relative(r->event, &r->patience, CLOCK_MONOTONIC, PATIENCE_USEC, 0, on_patience, r);
}

static void write_line(Recorder *r, Line *line, RecordStream stream, const char *data, size_t size) {
        size_t taken = take(r, line, stream, data, size);

        if (taken == size)
                return;
        r->pending = malloc(size - taken);
        if (!r->pending) {
                r->lost++;
                return;
        }
        memcpy(r->pending, data + taken, size - taken);
        r->pending_start = 0;
        r->pending_end = size - taken;
        r->pending_line = line;
        r->pending_stream = stream;
        wait_for_journal(r);
}

static bool flush_pending(Recorder *r) {
        if (!r->pending)
                return true;
        r->pending_start += take(r, r->pending_line, r->pending_stream, r->pending + r->pending_start,
                                 r->pending_end - r->pending_start);
        if (r->pending_start < r->pending_end) {
                wait_for_journal(r);
                return false;
        }
        free(r->pending);
        r->pending = NULL;
        r->patience = sd_event_source_disable_unref(r->patience);
        return true;
}

bool recorder_is_ready(const Recorder *r) {
        return !r->pending;
}

void recorder_write(Recorder *r, RecordStream stream, const char *data, size_t size) {
        write_line(r, &r->lines[stream], stream, data, size);
        if (r->pending)
                update(r);
}

/* Pipes */

static void pipe_free(Pipe *p) {
        Recorder *r = p->recorder;

        for (Pipe **link = &r->pipes; *link; link = &(*link)->next)
                if (*link == p) {
                        *link = p->next;
                        break;
                }
        /* The rest of a chunk that waits is of this line: it is taken or lost with it. */
        if (r->pending && r->pending_line == &p->line) {
                r->given_up = true;
                (void) flush_pending(r);
        }
        end_line(r, &p->line, p->stream);
        sd_event_source_disable_unref(p->source);
        sd_event_source_disable_unref(p->copy_source);
        (void) fd_close(p->fd);
        (void) fd_close(p->copy);
        free(p->held);
        free(p);
}

/* Of one that nobody waits for any more: as much as a pipe may hold (pipe(7), "pipe-max-size"), which is recorded or counted as lost. */
static void pipe_read_rest(Pipe *p) {
        enum { PIPE_MOST = 1024 * 1024 };
        char chunk[CHUNK];

        for (size_t i = 0; i < PIPE_MOST / CHUNK; i++) {
                ssize_t n = read(p->fd, chunk, sizeof(chunk));

                if (n <= 0)
                        return;
                write_line(p->recorder, &p->line, p->stream, chunk, (size_t) n);
        }
}

/* Passes on what is held, a bit at a time; a reader that is gone ends the copying, not the recording. */
static void copy_held(Pipe *p) {
        while (p->held_start < p->held_end) {
                size_t n = p->held_end - p->held_start;
                ssize_t written = write(p->copy, p->held + p->held_start, n < COPY_CHUNK ? n : COPY_CHUNK);

                if (written < 0 && errno != EAGAIN && errno != EINTR) {
                        p->held_start = p->held_end;
                        p->copy_source = sd_event_source_disable_unref(p->copy_source);
                        p->copy = fd_close(p->copy);
                        return;
                }
                if (written > 0)
                        p->held_start += (size_t) written;
                if (p->copy_source)
                        return;
        }
}

static int on_copy(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Pipe *p = userdata;

        copy_held(p);
        update(p->recorder);
        return 0;
}

static int on_pipe(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Pipe *p = userdata;
        Recorder *r = p->recorder;
        char chunk[CHUNK];
        ssize_t n = read(fd, chunk, sizeof(chunk));

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0)
                pipe_free(p);
        else {
                write_line(r, &p->line, p->stream, chunk, (size_t) n);
                if (p->copy >= 0) {
                        memcpy(p->held, chunk, (size_t) n);
                        p->held_start = 0;
                        p->held_end = (size_t) n;
                        if (!p->copy_source)
                                copy_held(p);
                }
        }
        update(r);
        return 0;
}

int recorder_add_pipe(Recorder *r, RecordStream stream, int copy, int *ret) {
        Pipe *p = calloc(1, sizeof(Pipe));
        int pair[2], q;

        if (!p)
                return -ENOMEM;
        if (pipe2(pair, O_CLOEXEC) < 0) {
                free(p);
                return negative_errno();
        }
        *p = (Pipe){ .recorder = r, .stream = stream, .fd = pair[0], .copy = -EBADF, .next = r->pipes };
        r->pipes = p;

        q = fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0 ? negative_errno() : 0;
        if (q >= 0)
                q = sd_event_add_io(r->event, &p->source, p->fd, EPOLLIN, on_pipe, p);
        if (q >= 0 && copy >= 0) {
                p->held = malloc(CHUNK);
                p->copy = p->held ? fd_dup(copy) : -ENOMEM;
                q = p->copy;
        }
        if (q >= 0 && copy >= 0) {
                q = sd_event_add_io(r->event, &p->copy_source, p->copy, EPOLLOUT, on_copy, p);
                /* A file can't be waited for, and need not (epoll_ctl(2)). */
                q = q == -EPERM ? 0 : q;
        }
        if (q < 0) {
                (void) fd_close(pair[1]);
                pipe_free(p);
                return q;
        }
        update(r);
        *ret = pair[1];
        return 0;
}

/* The whole */

static bool is_idle(const Recorder *r) {
        for (const Pipe *p = r->pipes; p; p = p->next)
                if (p->held_start < p->held_end)
                        return false;
        return !r->pipes && !r->pending;
}

static void finish(Recorder *r) {
        void (*done)(void *userdata) = TAKE_PTR(r->done);

        r->deadline = sd_event_source_disable_unref(r->deadline);
        done(r->done_userdata);
}

/* After every event: who may be read now follows from what is where. R may be gone afterwards. */
static void update(Recorder *r) {
        bool was_ready = recorder_is_ready(r), ready = flush_pending(r);

        for (Pipe *p = r->pipes; p; p = p->next) {
                bool copied = p->held_start == p->held_end;

                (void) sd_event_source_set_enabled(p->source, ready && copied ? SD_EVENT_ON : SD_EVENT_OFF);
                if (p->copy_source)
                        (void) sd_event_source_set_enabled(p->copy_source, copied ? SD_EVENT_OFF : SD_EVENT_ON);
        }
        if (ready && !was_ready && r->ready)
                r->ready(r->ready_userdata);
        if (r->done && is_idle(r))
                finish(r);
}

void recorder_give_up(Recorder *r) {
        r->given_up = true;
        update(r);
}

void recorder_notify(Recorder *r, void (*ready)(void *userdata), void *userdata) {
        r->ready = ready;
        r->ready_userdata = userdata;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        Recorder *r = userdata;

        /* A journal that is slow and goes on is waited for. */
        if (r->recorded != r->recorded_before && r->rounds++ < DRAIN_ROUNDS) {
                r->recorded_before = r->recorded;
                if (sd_event_source_set_time_relative(source, DRAIN_USEC) >= 0 &&
                    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) >= 0)
                        return 0;
        }
        if (r->done)
                finish(r);
        return 0;
}

void recorder_drain(Recorder *r, void (*done)(void *userdata), void *userdata) {
        r->done = done;
        r->done_userdata = userdata;
        r->recorded_before = r->recorded;
        r->rounds = 0;
        (void) sd_event_add_time_relative(r->event, &r->deadline, CLOCK_MONOTONIC, DRAIN_USEC, 0, on_deadline, r);
        update(r);
}

int recorder_new(sd_event *event, const char *machine, LogMode mode, Recorder **ret, Error *error) {
        Recorder *r = calloc(1, sizeof(Recorder));
        int q = r ? 0 : error_oom(error);

        if (q < 0)
                return q;
        *r = (Recorder){ .event = sd_event_ref(event), .mode = mode, .file = LOG_FILE_NULL, .journal = -EBADF };
        r->machine = strdup(machine);
        if (!r->machine)
                q = error_oom(error);
        else if (mode == LOG_TO_FILE)
                q = log_file_open(machine, &r->file, error);
        if (q < 0) {
                recorder_free(r);
                return q;
        }
        *ret = r;
        return 0;
}

Recorder *recorder_free(Recorder *r) {
        if (!r)
                return NULL;
        r->ending = true;
        (void) flush_pending(r);
        while (r->pipes) {
                pipe_read_rest(r->pipes);
                pipe_free(r->pipes);
        }
        for (size_t i = 0; i < _RECORD_STREAM_MAX; i++)
                end_line(r, &r->lines[i], i);
        /* Nothing follows in the log that could say so. */
        if (r->lost > 0)
                log_warning("the last %" PRIu64 " lines that machine '%s' wrote are missing in its log, which did not take them",
                            r->lost, r->machine);
        sd_event_source_disable_unref(r->journal_source);
        sd_event_source_disable_unref(r->patience);
        sd_event_source_disable_unref(r->deadline);
        (void) fd_close(r->journal);
        log_file_done(&r->file);
        sd_event_unref(r->event);
        free(r->pending);
        free(r->machine);
        free(r);
        return NULL;
}
