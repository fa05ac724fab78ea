/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "streams.h"

#include <fcntl.h>

#include "fd-util.h"
#include "recorder.h"
#include "string-util.h"

static bool has_streams(const Supervisor *s) {
        return !s->spec->terminal && (s->stdio[1] >= 0 || s->stdio[2] >= 0);
}

static LogMode effective_mode(const Supervisor *s) {
        switch (s->spec->log) {
        case LOG_TO_DEFAULT:
                return has_streams(s) ? LOG_TO_PASSTHROUGH : LOG_TO_JOURNAL;
        case LOG_TO_PASSTHROUGH:
                return has_streams(s) ? LOG_TO_PASSTHROUGH : LOG_TO_NONE;
        default:
                return s->spec->log;
        }
}

int streams_begin(Supervisor *s, Error *error) {
        LogMode mode = effective_mode(s);

        if (str_replace(&s->state.log, log_mode_to_string(mode)) < 0)
                return error_oom(error);
        if (s->recorder || (mode != LOG_TO_JOURNAL && mode != LOG_TO_FILE))
                return 0;
        return recorder_new(s->event, s->spec->name, mode, &s->recorder, error);
}

static int open_one(Supervisor *s, size_t i, int given, bool copies) {
        int fd, r;

        if (s->recorder && i > 0 && (given < 0 || copies)) {
                r = recorder_add_pipe(s->recorder, i == 1 ? RECORD_STDOUT : RECORD_STDERR, given, &fd);
                return r < 0 ? r : fd;
        }
        if (given >= 0)
                return fd_dup(given);
        fd = open("/dev/null", (i > 0 ? O_WRONLY : O_RDONLY) | O_CLOEXEC | O_NOCTTY);
        return fd < 0 ? negative_errno() : fd;
}

int streams_open(Supervisor *s, const int given[static 3], bool copies, int ret[static 3], Error *error) {
        for (size_t i = 0; i < 3; i++) {
                ret[i] = open_one(s, i, given[i], copies);
                if (ret[i] < 0) {
                        (void) error_set_errno(error, ret[i], "making the standard streams", NULL);
                        fd_close_many(ret, i);
                        return -EIO;
                }
        }
        return 0;
}
