/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "string-util.h"

/* The one piece of state that is not main()'s: where the lines go. Written once, by log_setup(). */
static struct {
        const char *program;
        int level;
        bool journal;
} sink = { .program = "berth", .level = LOG_INFO };

/* Whether standard error is the journal's stream: $JOURNAL_STREAM names its device and inode (systemd.exec(5)). */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long device, inode;
        struct stat st;

        return stream && sscanf(stream, "%lu:%lu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
               st.st_dev == device && st.st_ino == inode;
}

static int level_from_string(const char *s) {
        static const char *const names[] = {
                [LOG_EMERG] = "emerg",     [LOG_ALERT] = "alert",   [LOG_CRIT] = "crit", [LOG_ERR] = "err",
                [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice", [LOG_INFO] = "info", [LOG_DEBUG] = "debug",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(s, names[i]) || (s[0] == (char) ('0' + i) && !s[1]))
                        return (int) i;
        return -EINVAL;
}

void log_setup(const char *program) {
        const char *level = getenv("BERTH_LOG_LEVEL");

        sink.program = program;
        sink.journal = stderr_is_journal();
        if (level && level_from_string(level) >= 0)
                sink.level = level_from_string(level);
}

bool log_enabled(int priority) {
        return priority <= sink.level;
}

void log_message(int priority, const char *format, ...) {
        _cleanup_free_ char *text = NULL, *escaped = NULL;
        int saved = errno;
        va_list ap;
        int n;

        if (!log_enabled(priority))
                return;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0)
                text = NULL;

        /* Names and messages of others are among it: one event stays one line, and none steers a terminal. */
        escaped = text ? str_escape(text) : NULL;

        if (sink.journal)
                (void) dprintf(STDERR_FILENO, "<%d>%s\n", priority, escaped ? escaped : format);
        else
                (void) dprintf(STDERR_FILENO, "%s: %s\n", sink.program, escaped ? escaped : format);
        errno = saved;
}

int log_failure(int r, const Error *error, const char *prefix) {
        _cleanup_free_ char *text = error_is_set(error) ? error_render(error) : NULL;

        log_error("%s%s%s", strempty(prefix), prefix ? ": " : "", text ? text : errno_text(r));
        return r;
}
