/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

#include "fd-util.h"
#include "relay.h"

/* A machine's terminal, standard input and standard output, each with its far end. */
typedef struct Line {
        Relay relay;
        int machine;        /* far end of the stream */
        int input, keyboard;
        int output, screen;
} Line;

static Line *line_new(void) {
        Line *line = calloc(1, sizeof(Line));
        int stream[2], in[2], out[2];

        assert_non_null(line);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, stream), 0);
        assert_int_equal(pipe2(in, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(pipe2(out, O_CLOEXEC | O_NONBLOCK), 0);
        line->machine = stream[1];
        line->input = in[0];
        line->keyboard = in[1];
        line->output = out[1];
        line->screen = out[0];
        relay_init(&line->relay, stream[0], line->input, line->output, NULL);
        return line;
}

static void line_free(Line *line) {
        relay_done(&line->relay);
        fd_close_many((int[]){ line->machine, line->input, line->keyboard, line->output, line->screen }, 5);
        free(line);
}

/* Moves until nothing is left to move at once; 1 where the user detached. */
static int settle(Line *line) {
        for (;;) {
                struct pollfd polled[RELAY_POLL];
                int n;

                relay_prepare(&line->relay, polled);
                n = poll(polled, RELAY_POLL, 0);
                assert_true(n >= 0);
                if (n == 0)
                        return 0;
                if (relay_process(&line->relay, polled) > 0)
                        return 1;
                if (relay_is_drained(&line->relay) && line->relay.in.ended && line->relay.in.start == line->relay.in.size)
                        return 0;
        }
}

static void check_read(int fd, const char *expected) {
        char got[256];
        ssize_t n = read(fd, got, sizeof(got) - 1);

        got[n > 0 ? n : 0] = '\0';
        assert_string_equal(got, expected);
}

static void both_ways(void **state) {
        Line *line = line_new();

        assert_int_equal(fd_write_all(line->keyboard, "ls\r", 3), 0);
        assert_int_equal(fd_write_all(line->machine, "file\r\n", 6), 0);
        assert_int_equal(settle(line), 0);
        check_read(line->machine, "ls\r");
        check_read(line->screen, "file\r\n");
        assert_false(relay_is_drained(&line->relay));
        line_free(line);
}

/* The machine writes more than anybody takes: nothing is lost, and no more is read than fits. */
static void slow_screen(void **state) {
        enum { TOTAL = 3 * 1024 * 1024 };
        Line *line = line_new();
        size_t sent = 0, got = 0;

        while (got < TOTAL) {
                static char chunk[8192];
                ssize_t n;

                for (size_t i = 0; i < sizeof(chunk); i++)
                        chunk[i] = (char) ((sent + i) % 251);
                n = send(line->machine, chunk, sizeof(chunk) < TOTAL - sent ? sizeof(chunk) : TOTAL - sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
                sent += n > 0 ? (size_t) n : 0;
                assert_int_equal(settle(line), 0);

                n = read(line->screen, chunk, 1000);
                for (ssize_t i = 0; i < n; i++)
                        assert_int_equal((unsigned char) chunk[i], (got + (size_t) i) % 251);
                got += n > 0 ? (size_t) n : 0;
        }
        assert_int_equal(sent, TOTAL);
        line_free(line);
}

static void end_of_the_machine(void **state) {
        Line *line = line_new();

        assert_int_equal(fd_write_all(line->machine, "last words", 10), 0);
        line->machine = fd_close(line->machine);
        assert_int_equal(settle(line), 0);
        assert_true(relay_is_drained(&line->relay));
        check_read(line->screen, "last words");
        line_free(line);
}

/* A pipe that ends is typed as ^D, which ends a terminal's input at the beginning of a line, and twice within one. */
static void end_of_the_input(void **state) {
        static const struct {
                const char *typed, *got;
        } rows[] = { { "", "\x04" }, { "a\n", "a\n\x04" }, { "ab", "ab\x04\x04" } };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Line *line = line_new();

                assert_int_equal(fd_write_all(line->keyboard, rows[i].typed, strlen(rows[i].typed)), 0);
                assert_int_equal(settle(line), 0);
                line->keyboard = fd_close(line->keyboard);
                assert_int_equal(settle(line), 0);
                check_read(line->machine, rows[i].got);
                line_free(line);
        }
}

/* Nobody reads the output any more: the machine is not held up. */
static void nobody_at_the_screen(void **state) {
        Line *line = line_new();
        static char chunk[100000];

        assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
        line->screen = fd_close(line->screen);
        for (unsigned i = 0; i < 20; i++) {
                (void) send(line->machine, chunk, sizeof(chunk), MSG_DONTWAIT | MSG_NOSIGNAL);
                assert_int_equal(settle(line), 0);
        }
        line->machine = fd_close(line->machine);
        assert_int_equal(settle(line), 0);
        assert_true(relay_is_drained(&line->relay));
        line_free(line);
}

static void detaching(void **state) {
        static const struct {
                const char *typed[4];
                int detached;
        } rows[] = {
                { { "\x1d\x1d\x1d" }, 1 },
                { { "\x1d", "\x1d", "\x1d" }, 1 },
                { { "ab\x1d\x1d\x1d" }, 1 },
                { { "\x1d\x1d" "a\x1d" }, 0 },
                { { "\x1d\x1d", "a", "\x1d\x1d" }, 0 },
                { { "\x1d" }, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Line *line = line_new();
                int detached = 0;

                for (const char *const *p = rows[i].typed; *p; p++) {
                        assert_int_equal(fd_write_all(line->keyboard, *p, strlen(*p)), 0);
                        detached = settle(line);
                }
                assert_int_equal(detached, rows[i].detached);
                line_free(line);
        }
}

static void detaching_takes_a_second(void **state) {
        Line *line = line_new();

        assert_int_equal(fd_write_all(line->keyboard, "\x1d\x1d", 2), 0);
        assert_int_equal(settle(line), 0);
        line->relay.detach_since -= 2 * USEC_PER_SEC;
        assert_int_equal(fd_write_all(line->keyboard, "\x1d", 1), 0);
        assert_int_equal(settle(line), 0);
        line_free(line);
}

static void detaching_by_own_keys(void **state) {
        static const struct {
                const char *keys;
                const char *typed[4];
                const char *got;
                int detached;
        } rows[] = {
                { "ctrl-p,ctrl-q", { "\x10\x11" }, "", 1 },
                { "ctrl-p,ctrl-q", { "ls\r\x10\x11more" }, "ls\r", 1 },
                { "ctrl-p,ctrl-q", { "a\x10", "\x11" }, "a", 1 },
                /* Held until it is something else, in its place. */
                { "ctrl-p,ctrl-q", { "a\x10" }, "a", 0 },
                { "ctrl-p,ctrl-q", { "a\x10", "b", "\x11" }, "a\x10" "b\x11", 0 },
                { "ctrl-p,ctrl-q", { "\x10", "\x10", "\x11" }, "\x10", 1 },
                { "a,a,b", { "a", "a", "aab" }, "aa", 1 },
                { "a,b,a,c", { "ab", "ab", "ac" }, "ab", 1 },
                { "a,b,a,c", { "ababab", "x" }, "abababx", 0 },
                { "ctrl-@", { "a\x1d\x1d\x1d" }, "", 1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Line *line = line_new();
                DetachKeys keys = {};
                int detached = 0;

                assert_int_equal(type_detach_keys.parse(&keys, rows[i].keys), 0);
                line->relay.own_keys.keys = &keys;
                for (const char *const *p = rows[i].typed; *p; p++) {
                        assert_int_equal(fd_write_all(line->keyboard, *p, strlen(*p)), 0);
                        detached = settle(line);
                }
                assert_int_equal(detached, rows[i].detached);
                check_read(line->machine, rows[i].got);
                line_free(line);
        }
}

/* What is held when the input ends is typed before the end is. */
static void own_keys_at_the_end(void **state) {
        Line *line = line_new();
        DetachKeys keys = {};

        assert_int_equal(type_detach_keys.parse(&keys, "ctrl-p,ctrl-q"), 0);
        line->relay.own_keys.keys = &keys;
        assert_int_equal(fd_write_all(line->keyboard, "\n\x10", 2), 0);
        assert_int_equal(settle(line), 0);
        line->keyboard = fd_close(line->keyboard);
        assert_int_equal(settle(line), 0);
        check_read(line->machine, "\n\x10\x04\x04");
        line_free(line);
}

static void own_keys_are_written(void **state) {
        static const char *const good[] = { "a", "ctrl-a", "ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", "ctrl-p,ctrl-q,x" };
        static const char *const bad[] = {
                "",        ",",      "a,",   "ab", "ctrl-",    "ctrl-1",
                "ctrl-ab", "CTRL-a", "\x7f", " ",  "\xc3\xa4", "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a"
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_free_ char *text = NULL;
                DetachKeys keys = {};

                assert_int_equal(type_detach_keys.parse(&keys, good[i]), 0);
                assert_int_equal(type_detach_keys.format(&keys, &text), 0);
                assert_string_equal(text, good[i]);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                DetachKeys keys = { .n = 7 };

                assert_int_equal(type_detach_keys.parse(&keys, bad[i]), -EINVAL);
                assert_int_equal(keys.n, 7);
        }
}

/* The caller's own open file is not made non-blocking: its shell shares it. */
static void output_is_left_alone(void **state) {
        int out[2], stream[2];
        Relay relay = {};

        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
        relay_init(&relay, stream[0], STDIN_FILENO, out[1], NULL);
        assert_true(relay.output >= 0);
        assert_true(fcntl(relay.output, F_GETFL) & O_NONBLOCK);
        assert_false(fcntl(out[1], F_GETFL) & O_NONBLOCK);
        relay_done(&relay);
        fd_close_many(out, 2);
        (void) fd_close(stream[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(both_ways),
                TEST(slow_screen),
                TEST(end_of_the_machine),
                TEST(end_of_the_input),
                TEST(nobody_at_the_screen),
                TEST(detaching),
                TEST(detaching_takes_a_second),
                TEST(detaching_by_own_keys),
                TEST(own_keys_at_the_end),
                TEST(own_keys_are_written),
                TEST(output_is_left_alone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
