/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth logs: what a machine has written. */

#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fd-util.h"
#include "log-reader.h"
#include "log.h"
#include "machine.h"
#include "output.h"
#include "string-util.h"
#include "timestamp.h"
#include "verbs.h"

typedef struct LogsOptions {
        bool follow, timestamps;
        char *lines, *since, *until;
        JsonMode json;
} LogsOptions;

#define FIELD(field) offsetof(LogsOptions, field)

static const Option logs_options[] = {
        { "follow|f", &type_boolean, FIELD(follow), "Go on until the machine has ended" },
        { "lines|tail|n", &type_string, FIELD(lines), "Only the last so many lines, or all" },
        { "since", &type_string, FIELD(since), "Only what was written since then (systemd.time(7))" },
        { "until", &type_string, FIELD(until), "Only what was written until then" },
        { "timestamps|t", &type_boolean, FIELD(timestamps), "The time in front of each line" },
        { "json", &type_json_mode, FIELD(json), "JSON, an object a line: short or off" },
        {},
};

#undef FIELD

typedef struct Logs {
        const LogsOptions *options;
        const char *name;
        uint64_t until;
        LogReader *reader;
        bool continued[2];       /* standard output, standard error: the last line has not ended */
        sd_bus *bus;             /* until it is known what to follow */
} Logs;

/* What is missing, in its place. */
static void print_lost(const LogEntry *entry, bool json) {
        if (entry->lost == 0)
                return;
        if (json)
                printf("{\"time_usec\":%llu,\"lost\":%llu}\n", (unsigned long long) entry->usec,
                       (unsigned long long) entry->lost);
        else
                (void) dprintf(STDERR_FILENO, "-- %llu lines are missing here: %s --\n", (unsigned long long) entry->lost,
                               entry->limited
                                       ? "journald takes no more in a while (RateLimitBurst=, journald.conf(5)); --log=file "
                                         "loses none"
                                       : "the journal could not be reached");
}

static void print_json(const LogEntry *entry) {
        json_auto_t *object = json_pack("{s:I, s:s, s:b}", "time_usec", (json_int_t) entry->usec, "stream", entry->stream,
                                        "partial", entry->partial);
        json_t *text = json_stringn(entry->text, entry->size);

        if (text)
                (void) json_object_set_new(object, "text", text);
        else {
                /* No text: its bytes, as journalctl has them. */
                text = json_array();
                for (size_t i = 0; i < entry->size; i++)
                        (void) json_array_append_new(text, json_integer((unsigned char) entry->text[i]));
                (void) json_object_set_new(object, "bytes", text);
        }
        (void) json_dumpf(object, stdout, JSON_COMPACT);
        putchar('\n');
}

static void print_entry(Logs *l, const LogEntry *entry) {
        bool is_error = streq(entry->stream, "stderr");
        FILE *f = is_error ? stderr : stdout;
        time_t seconds = (time_t) (entry->usec / USEC_PER_SEC);
        char date[64];
        struct tm tm;

        (void) fflush(is_error ? stdout : stderr);
        print_lost(entry, l->options->json != JSON_OFF);
        if (!*entry->stream)
                return;
        if (l->options->json != JSON_OFF) {
                print_json(entry);
                return;
        }
        if (l->options->timestamps && !l->continued[is_error] && localtime_r(&seconds, &tm) &&
            strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S%z", &tm) > 0)
                (void) fprintf(f, "%s ", date);
        (void) fwrite(entry->text, 1, entry->size, f);
        if (!entry->partial)
                (void) fputc('\n', f);
        l->continued[is_error] = entry->partial;
}

/* Everything that there is now. 1 where what comes is too late. */
static int print_all(Logs *l, Error *error) {
        LogEntry entry;
        int r;

        while ((r = log_reader_next(l->reader, &entry)) > 0) {
                if (entry.usec > l->until)
                        return 1;
                print_entry(l, &entry);
                if (ferror(stdout))
                        return error_set_errno(error, -EPIPE, "writing to standard output", NULL);
        }
        if (fflush(stdout) != 0 && r >= 0)
                return error_set_errno(error, negative_errno(), "writing to standard output", NULL);
        return r < 0 ? error_set_errno(error, r, "reading the log of", l->name) : 0;
}

/* Following */

/*
 * The supervisor, which ends with its machine: to see that takes neither a right nor a connection to the bus. -ESRCH where
 * the machine does not run.
 */
static int open_supervisor(const Logs *l) {
        _cleanup_machine_info_ MachineInfo info = MACHINE_INFO_NULL, again = MACHINE_INFO_NULL;
        _cleanup_close_ int fd = -EBADF;

        if (machine_info_read(l->bus, l->name, &info, NULL) < 0 ||
            !machine_state_is_alive(machine_state_from_string(info.state)) || info.supervisor == 0)
                return -ESRCH;
        fd = pidfd_open((pid_t) info.supervisor, 0);
        if (fd < 0)
                return negative_errno();
        /* The number may have been somebody else's by then. */
        if (machine_info_read(l->bus, l->name, &again, NULL) < 0 || again.supervisor != info.supervisor)
                return -ESRCH;
        return TAKE_FD(fd);
}

static int follow(Logs *l, Error *error) {
        /* What was written at the very end is in the journal a moment after the end is known. */
        enum { LAST_WORDS_MSEC = 300 };
        _cleanup_close_ int supervisor = open_supervisor(l);
        bool alive = supervisor >= 0;

        l->bus = sd_bus_flush_close_unref(l->bus);
        for (;;) {
                struct pollfd polled[] = { { .fd = log_reader_fd(l->reader), .events = POLLIN },
                                           { .fd = supervisor, .events = POLLIN } };
                int r;

                if (!alive)
                        (void) poll(polled, 1, LAST_WORDS_MSEC);
                r = print_all(l, error);
                if (r != 0 || !alive)
                        return r < 0 ? r : 0;
                if (poll(polled, ELEMENTSOF(polled), -1) < 0 && errno != EINTR)
                        return error_set_errno(error, negative_errno(), "waiting for the machine", l->name);
                alive = polled[1].revents == 0;
        }
}

/* Where it is */

static void say_where(const char *name, const char *where, const MachineInfo *info) {
        if (streq(where, "passthrough") && info->keep_unit)
                log_info("what machine '%s' writes goes where its unit's output does: journalctl --unit=%s", name, info->unit);
        else if (streq(where, "passthrough"))
                log_info("what machine '%s' writes goes to whoever started it, and is not recorded (--log=journal does)", name);
        else if (streq(where, "none"))
                log_info("what machine '%s' writes is not recorded (--log=none)", name);
}

/* Who is not known now may have left something; who has not was never there, or never wrote. WHY says that he is not known. */
static int check_journal(Logs *l, Error *why, Error *error) {
        LogEntry entry;
        int r = log_reader_seek(l->reader, 0, UINT64_MAX, UINT64_MAX);

        if (r >= 0)
                r = log_reader_next(l->reader, &entry);
        if (r < 0)
                return error_set_errno(error, r, "reading the log of", l->name);
        if (r == 0 && error_is_set(why)) {
                *error = *why;
                *why = ERROR_NULL;
                return -ENOENT;
        }
        return 0;
}

/* One that is gone may have left either. */
static int open_reader(Logs *l, Error *error) {
        _cleanup_machine_info_ MachineInfo info = MACHINE_INFO_NULL;
        _cleanup_error_ Error why = ERROR_NULL;
        bool known = l->bus && machine_info_read(l->bus, l->name, &info, &why) >= 0;
        int r = -ENOENT;

        if (known && info.log)
                say_where(l->name, info.log, &info);
        if (!known || isempty(info.log) || !streq(info.log, "journal"))
                r = log_reader_open_file(l->name, &l->reader, error);
        if (r != -ENOENT)
                return r;
        r = log_reader_open_journal(l->name, &l->reader, error);
        return r < 0 || known ? r : check_journal(l, &why, error);
}

static int read_bounds(const LogsOptions *o, uint64_t *ret_lines, uint64_t *ret_since, uint64_t *ret_until, Error *error) {
        uint64_t now = clock_usec(CLOCK_REALTIME);
        const struct {
                const char *option, *text;
                uint64_t *value;
        } times[] = { { "--since", o->since, ret_since }, { "--until", o->until, ret_until } };

        *ret_lines = UINT64_MAX;
        if (o->lines && !streq(o->lines, "all") && parse_u64(o->lines, ret_lines) < 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the option", "--lines",
                                 "'%s' is neither a number nor all", o->lines);
        for (size_t i = 0; i < ELEMENTSOF(times); i++)
                if (times[i].text && timestamp_parse(times[i].text, now, times[i].value) < 0)
                        return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the option", times[i].option,
                                         "'%s' is not a time, like \"2026-01-31 12:00\", \"yesterday\" or \"-5min\"",
                                         times[i].text);
        return 0;
}

static int logs_verb(const Call *call, Error *error) {
        const LogsOptions *options = call->options;
        Logs logs = { .options = options, .name = call->operands[0], .until = UINT64_MAX };
        uint64_t lines, since = 0;
        _cleanup_(log_reader_freep) LogReader *reader = NULL;
        int r = read_bounds(options, &lines, &since, &logs.until, error);

        if (r >= 0)
                r = spec_check_name(logs.name, error);
        if (r >= 0)
                r = client_open(&logs.bus, error);
        if (r < 0)
                return r;
        r = open_reader(&logs, error);
        reader = logs.reader;
        if (r >= 0) {
                r = log_reader_seek(reader, since, logs.until, lines);
                if (r < 0)
                        error_set_errno(error, r, "reading the log of", logs.name);
        }
        if (r >= 0)
                r = options->follow ? follow(&logs, error) : print_all(&logs, error);
        (void) sd_bus_flush_close_unref(logs.bus);
        return r < 0 ? r : EXIT_SUCCESS;
}

const Verb verb_logs = {
        .names = "logs",
        .operands = "NAME",
        .least = 1,
        .most = 1,
        .options = logs_options,
        .size = sizeof(LogsOptions),
        .help = "Print what a machine has written",
        .details =
                "Also of one that is gone. What is in the journal is found there by BERTH_MACHINE= and SYSLOG_IDENTIFIER=, both the "
                "name, and BERTH_STREAM= (stdout, stderr or terminal). journald leaves out what exceeds its rate, and it is said where "
                "it did, as where it stood still for seconds and was not waited for any longer; those at the very end are counted in "
                "the journal of berthd.service. --log=file loses nothing: it is in /var/log/berth. What went to standard error is printed there.",
        .run = logs_verb,
};
