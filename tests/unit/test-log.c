/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>

#include "fd-util.h"
#include "log.h"
#include "string-util.h"

/* Standard error into a pipe, which a journal stream stands for where $JOURNAL_STREAM names it. */
typedef struct Capture {
        int saved, reader;
} Capture;

static Capture capture_begin(bool journal) {
        Capture c = { .saved = fd_dup(STDERR_FILENO) };
        struct stat st;
        int pair[2];

        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        c.reader = pair[0];
        assert_int_equal(dup2(pair[1], STDERR_FILENO), STDERR_FILENO);
        (void) fd_close(pair[1]);

        assert_int_equal(fstat(STDERR_FILENO, &st), 0);
        if (journal) {
                _cleanup_free_ char *stream = str_format("%lu:%lu", st.st_dev, st.st_ino);

                assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
        }
        log_setup("tester");
        return c;
}

static void capture_end(Capture *c, const char *expected) {
        _cleanup_free_ char *text = NULL;

        assert_int_equal(dup2(c->saved, STDERR_FILENO), STDERR_FILENO);
        assert_int_equal(fd_read_all(c->reader, 10000, &text, NULL), 0);
        c->saved = fd_close(c->saved);
        c->reader = fd_close(c->reader);
        assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
        assert_string_equal(text, expected);
}

static void for_people(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;
        Capture c = capture_begin(false);

        log_info("one %i", 1);
        log_debug("not shown");
        (void) error_set(&error, ERROR_FAILED, EIO, "trying", "it", NULL);
        assert_int_equal(log_failure(-EIO, &error, NULL), -EIO);
        assert_int_equal(log_failure(-ENOENT, NULL, "prefix"), -ENOENT);
        capture_end(&c, "tester: one 1\ntester: trying 'it': Input/output error\ntester: prefix: No such file or directory\n");
}

static void for_the_journal(void **state) {
        Capture c = capture_begin(true);

        log_error("bad");
        log_warning("odd");
        capture_end(&c, "<3>bad\n<4>odd\n");
}

/* One event is one line, and none steers the terminal. */
static void escaped(void **state) {
        Capture c = capture_begin(true);

        log_info("machine 'a\n<0>forged\033[2J'");
        capture_end(&c, "<6>machine 'a\\x0a<0>forged\\x1b[2J'\n");
}

static void levels(void **state) {
        Capture c;

        assert_int_equal(setenv("BERTH_LOG_LEVEL", "err", 1), 0);
        c = capture_begin(false);
        errno = EXDEV;
        log_warning("not shown");
        log_error("shown");
        assert_int_equal(errno, EXDEV);
        assert_false(log_enabled(LOG_WARNING));
        capture_end(&c, "tester: shown\n");

        assert_int_equal(setenv("BERTH_LOG_LEVEL", "7", 1), 0);
        log_setup("tester");
        assert_true(log_enabled(LOG_DEBUG));

        /* Nonsense changes nothing. */
        assert_int_equal(setenv("BERTH_LOG_LEVEL", "loud", 1), 0);
        log_setup("tester");
        assert_true(log_enabled(LOG_DEBUG));
        assert_int_equal(unsetenv("BERTH_LOG_LEVEL"), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = { TEST(for_people), TEST(for_the_journal), TEST(escaped), TEST(levels) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
