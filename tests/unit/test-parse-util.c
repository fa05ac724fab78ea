/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <signal.h>

#include "parse-util.h"

static void boolean(void **state) {
        static const char *const yes[] = { "1", "yes", "y", "true", "t", "on", "YES", "True" };
        static const char *const no[] = { "0", "no", "n", "false", "f", "off", "No" };
        static const char *const neither[] = { "", "2", "yess", " yes", "yes ", "oui" };
        bool value;

        for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
                value = false;
                assert_int_equal(parse_boolean(yes[i], &value), 0);
                assert_true(value);
        }
        for (size_t i = 0; i < ELEMENTSOF(no); i++) {
                value = true;
                assert_int_equal(parse_boolean(no[i], &value), 0);
                assert_false(value);
        }
        for (size_t i = 0; i < ELEMENTSOF(neither); i++) {
                value = true;
                assert_int_equal(parse_boolean(neither[i], &value), -EINVAL);
                assert_true(value);
        }
}

/* A text, what reading it returns, and the value (which stays where the text is refused). */
typedef struct Row {
        const char *text;
        int r;
        uint64_t value;
} Row;

enum { UNTOUCHED = 4711 };

static void check_rows(const Row *rows, size_t n, int (*parse)(const char *, uint64_t *)) {
        for (size_t i = 0; i < n; i++) {
                uint64_t value = UNTOUCHED;
                int r = parse(rows[i].text, &value);

                if (r != rows[i].r || value != (r < 0 ? UNTOUCHED : rows[i].value))
                        fail_msg("'%s': returned %i with %ju, not %i with %ju", rows[i].text, r, (uintmax_t) value, rows[i].r,
                                 (uintmax_t) rows[i].value);
        }
}

static const char *const no_numbers[] = { "", " ", "+1", "-1", " 1", "1 ", "0x10", "1e3", "1,0", "x" };

static void numbers(void **state) {
        static const Row rows[] = {
                { "0", 0, 0 }, { "007", 0, 7 }, { "18446744073709551615", 0, UINT64_MAX },
                { "18446744073709551616", -ERANGE, 0 }, { "99999999999999999999999", -ERANGE, 0 },
        };
        uint32_t value = UNTOUCHED;

        check_rows(rows, ELEMENTSOF(rows), parse_u64);
        for (size_t i = 0; i < ELEMENTSOF(no_numbers); i++)
                check_rows(&(Row){ no_numbers[i], -EINVAL, 0 }, 1, parse_u64);

        assert_int_equal(parse_u32("4294967295", &value), 0);
        assert_int_equal(value, UINT32_MAX);
        assert_int_equal(parse_u32("4294967296", &value), -ERANGE);
        assert_int_equal(parse_u32("-1", &value), -EINVAL);
        assert_int_equal(value, UINT32_MAX);
}

static void sizes(void **state) {
        static const Row rows[] = {
                { "0", 0, 0 },
                { "1", 0, 1 },
                { "512B", 0, 512 },
                { "1K", 0, 1024 },
                { "1k", 0, 1024 },
                { "64M", 0, 64 << 20 },
                { "2G", 0, UINT64_C(2) << 30 },
                { "3T", 0, UINT64_C(3) << 40 },
                { "1P", 0, UINT64_C(1) << 50 },
                { "15E", 0, UINT64_C(15) << 60 },
                /* Fractions are exact. */
                { "1.5K", 0, 1536 },
                { "0.25K", 0, 256 },
                { "1.25G", 0, (UINT64_C(5) << 30) / 4 },
                { "0.0009765625K", 0, 1 },
                { "0.125E", 0, UINT64_C(1) << 57 },
                { "0.3G", 0, 322122547 },
                { "1.5", 0, 1 },
                { "infinity", 0, UINT64_MAX },
                { "16E", -ERANGE, 0 },
                /* More digits than count. */
                { "0.50000000000000000000000000001K", 0, 512 },
                { "18446744073709551615", -ERANGE, 0 },
                { "18446744073709551616", -ERANGE, 0 },
                { "Infinity", -EINVAL, 0 },
                { "1KB", -EINVAL, 0 },
                { "1KiB", -EINVAL, 0 },
                { "1 K", -EINVAL, 0 },
                { "K", -EINVAL, 0 },
                { ".5K", -EINVAL, 0 },
                { "1.K", -EINVAL, 0 },
                { "1.5.5K", -EINVAL, 0 },
                { "1X", -EINVAL, 0 },
        };

        check_rows(rows, ELEMENTSOF(rows), parse_size);
        for (size_t i = 0; i < ELEMENTSOF(no_numbers); i++)
                check_rows(&(Row){ no_numbers[i], -EINVAL, 0 }, 1, parse_size);
}

static void times(void **state) {
        static const Row rows[] = {
                { "0", 0, 0 },
                { "10", 0, 10 * USEC_PER_SEC },
                { "1.5", 0, 1500000 },
                { "500ms", 0, 500000 },
                { "7us", 0, 7 },
                { "7µs", 0, 7 },
                { "5min 20s", 0, 320 * USEC_PER_SEC },
                { "5min20s", 0, 320 * USEC_PER_SEC },
                { "  5 min  20 s ", 0, 320 * USEC_PER_SEC },
                { "2h", 0, 7200 * USEC_PER_SEC },
                { "2 hours 1 minute", 0, 7260 * USEC_PER_SEC },
                { "1d", 0, 86400 * USEC_PER_SEC },
                { "1w", 0, 604800 * USEC_PER_SEC },
                { "1M", 0, 2629800 * USEC_PER_SEC },
                { "1m", 0, 60 * USEC_PER_SEC },
                { "1y", 0, 31557600 * USEC_PER_SEC },
                { "0.5y", 0, 15778800 * USEC_PER_SEC },
                { "0.25ms", 0, 250 },
                { "infinity", 0, USEC_INFINITY },
                { "18446744073709551615us", -ERANGE, 0 },
                { "18446744073709551616us", -ERANGE, 0 },
                { "600000y", -ERANGE, 0 },
                { "584542y 584542y", -ERANGE, 0 },
                { "", -EINVAL, 0 },
                { "  ", -EINVAL, 0 },
                { "-1", -EINVAL, 0 },
                { "s", -EINVAL, 0 },
                { "1x", -EINVAL, 0 },
                { "1.", -EINVAL, 0 },
                { "1s,", -EINVAL, 0 },
                { "1h infinity", -EINVAL, 0 },
        };

        check_rows(rows, ELEMENTSOF(rows), parse_usec);
}

static void percents(void **state) {
        static const struct {
                const char *text;
                bool above;
                int r;
                uint32_t value;
        } rows[] = {
                { "0%", false, 0, 0 },          { "12.5%", false, 0, 1250 },     { "0.01%", false, 0, 1 },
                { "0.001%", false, 0, 0 },      { "100%", false, 0, 10000 },     { "100.01%", false, -ERANGE, 0 },
                { "250%", true, 0, 25000 },     { "42949672.95%", true, 0, UINT32_MAX },
                { "42949672.96%", true, -ERANGE, 0 },
                { "5", false, -EINVAL, 0 },     { "%", false, -EINVAL, 0 },      { "-5%", true, -EINVAL, 0 },
                { "5 %", false, -EINVAL, 0 },   { "5%%", false, -EINVAL, 0 },    { "", false, -EINVAL, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                uint32_t value = UNTOUCHED;

                assert_int_equal(parse_permyriad(rows[i].text, rows[i].above, &value), rows[i].r);
                assert_int_equal(value, rows[i].r < 0 ? UNTOUCHED : rows[i].value);
        }
}

static void uids(void **state) {
        uid_t uid = UNTOUCHED;

        assert_int_equal(parse_uid("0", &uid), 0);
        assert_int_equal(uid, 0);
        assert_int_equal(parse_uid("4294967294", &uid), 0);
        assert_int_equal(uid, 4294967294);
        assert_int_equal(parse_uid("65535", &uid), -EINVAL);
        assert_int_equal(parse_uid("4294967295", &uid), -EINVAL);
        assert_int_equal(parse_uid("4294967296", &uid), -ERANGE);
        assert_int_equal(parse_uid("root", &uid), -EINVAL);
        assert_int_equal(uid, 4294967294);
}

static void signals(void **state) {
        static const struct {
                const char *text;
                int signal;
        } rows[] = {
                { "SIGTERM", SIGTERM }, { "TERM", SIGTERM }, { "term", SIGTERM }, { "sigterm", SIGTERM }, { "9", SIGKILL },
                { "SIGCHLD", SIGCHLD }, { "SYS", SIGSYS },
        };
        static const char *const bad[] = { "", "0", "65", "-9", "SIG", "SIGNONE", "TERM ", "RTMIN+31", "RTMIN+-1", "RTMIN+" };
        char text[SIGNAL_NAME_MAX];
        int signal = UNTOUCHED;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_int_equal(parse_signal(rows[i].text, &signal), 0);
                assert_int_equal(signal, rows[i].signal);
        }

        assert_int_equal(parse_signal("SIGRTMIN+3", &signal), 0);
        assert_int_equal(signal, SIGRTMIN + 3);
        assert_int_equal(parse_signal("rtmin", &signal), 0);
        assert_int_equal(signal, SIGRTMIN);

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_true(parse_signal(bad[i], &signal) < 0);
        assert_int_equal(signal, SIGRTMIN);

        assert_string_equal(signal_name(SIGTERM, text), "SIGTERM");
        assert_string_equal(signal_name(SIGRTMIN + 3, text), "SIGRTMIN+3");

        /* What it writes can be read back. */
        for (int i = 1; i <= SIGRTMAX; i++) {
                assert_int_equal(parse_signal(signal_name(i, text), &signal), 0);
                assert_int_equal(signal, i);
        }
}

static void formatted_times(void **state) {
        static const struct {
                uint64_t usec;
                const char *text;
        } rows[] = {
                { 0, "0" },
                { 1, "1us" },
                { 1500, "1ms 500us" },
                { 61 * USEC_PER_SEC, "1min 1s" },
                { 3605 * USEC_PER_SEC, "1h" },
                { 90061 * USEC_PER_SEC, "1d 1h" },
                { 40 * 86400 * USEC_PER_SEC, "40d" },
                { (31557600 + 5 * 86400) * USEC_PER_SEC, "1y 5d" },
                { (31557600 + 300 * 86400) * USEC_PER_SEC, "1y 300d" },
                { USEC_INFINITY, "infinity" },
        };
        char text[FORMAT_USEC_MAX];

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                assert_string_equal(format_usec(rows[i].usec, text), rows[i].text);
        assert_true(strlen(format_usec(USEC_INFINITY - 1, text)) < FORMAT_USEC_MAX);
}

static void formatted_sizes(void **state) {
        static const struct {
                uint64_t bytes;
                const char *text;
        } rows[] = {
                { 0, "0B" },
                { 1023, "1023B" },
                { 1024, "1K" },
                { 1536, "1.5K" },
                { 64 << 20, "64M" },
                { UINT64_C(15) << 60, "15E" },
                { UINT64_MAX, "infinity" },
        };
        char text[FORMAT_SIZE_MAX];
        uint64_t back;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_string_equal(format_size(rows[i].bytes, text), rows[i].text);
                assert_int_equal(parse_size(text, &back), 0);
                assert_int_equal(back, rows[i].bytes);
        }
        assert_true(strlen(format_size(UINT64_MAX - 1, text)) < FORMAT_SIZE_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(boolean), TEST(numbers), TEST(sizes),           TEST(times),           TEST(percents),
                TEST(uids),    TEST(signals), TEST(formatted_times), TEST(formatted_sizes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
