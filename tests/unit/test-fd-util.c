/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#include "fd-util.h"

static bool is_open(int fd) {
        return fcntl(fd, F_GETFD) >= 0;
}

static void closing(void **state) {
        int pair[2], copy;

        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        copy = pair[0];

        errno = EXDEV;
        assert_int_equal(fd_close(pair[0]), -EBADF);
        assert_int_equal(fd_close(-EBADF), -EBADF);
        assert_int_equal(errno, EXDEV);
        assert_false(is_open(copy));

        copy = pair[1];
        pair[0] = -EBADF;
        fd_close_many(pair, 2);
        assert_int_equal(pair[1], -EBADF);
        assert_false(is_open(copy));
}

static void scope_exit(void **state) {
        int copy;
        {
                _cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
                copy = fd;
                assert_true(is_open(copy));
        }
        assert_false(is_open(copy));
}

static void duplicate(void **state) {
        _cleanup_close_ int copy = fd_dup(STDIN_FILENO);

        assert_true(copy > 2);
        assert_int_equal(fcntl(copy, F_GETFD), FD_CLOEXEC);
        assert_int_equal(fd_dup(-EBADF), -EBADF);
}

static void read_and_write(void **state) {
        static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 40000 };
        char *sent = malloc(40000);

        memset(sent, 'x', 40000);
        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                _cleanup_free_ char *got = NULL;
                size_t size = 4711;
                int pair[2];

                assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
                assert_int_equal(fd_write_all(pair[1], sent, sizes[i]), 0);
                pair[1] = fd_close(pair[1]);

                assert_int_equal(fd_read_all(pair[0], sizes[i], &got, &size), 0);
                assert_int_equal(size, sizes[i]);
                assert_memory_equal(got, sent, size);
                assert_int_equal(got[size], '\0');
                fd_close_many(pair, 2);
        }
        free(sent);
}

static void too_much_to_read(void **state) {
        char *got = NULL;
        int pair[2];

        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        assert_int_equal(fd_write_all(pair[1], "12345", 5), 0);
        pair[1] = fd_close(pair[1]);
        assert_int_equal(fd_read_all(pair[0], 4, &got, NULL), -EFBIG);
        assert_null(got);
        assert_int_equal(fd_read_all(-EBADF, 4, &got, NULL), -EBADF);
        fd_close_many(pair, 2);
}

static void waiting(void **state) {
        int pair[2];

        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        assert_int_equal(fd_wait(pair[0], POLLIN, 1000), 0);
        assert_int_equal(fd_write_all(pair[1], "x", 1), 0);
        assert_int_equal(fd_wait(pair[0], POLLIN, USEC_INFINITY), POLLIN);
        assert_int_equal(fd_wait(pair[0], POLLIN, USEC_INFINITY - 1), POLLIN);
        fd_close_many(pair, 2);
}

static void paths(void **state) {
        char buffer[FD_PATH_MAX];

        assert_string_equal(fd_path(0, buffer), "/proc/self/fd/0");
        assert_string_equal(fd_path(INT32_MAX, buffer), "/proc/self/fd/2147483647");
}

static void sealed(void **state) {
        _cleanup_close_ int fd = fd_from_data("test", "content", 7);
        _cleanup_free_ char *got = NULL;

        assert_true(fd >= 0);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        assert_int_equal(fd_read_all(fd, 100, &got, NULL), 0);
        assert_string_equal(got, "content");
        assert_int_equal(write(fd, "x", 1), -1);
        assert_int_equal(ftruncate(fd, 3), -1);
        assert_int_equal(ftruncate(fd, 30), -1);
}

static void closing_others(void **state) {
        int kept[3], lost[2];

        for (size_t i = 0; i < 5; i++) {
                int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 500 + (int) i);

                assert_int_equal(fd, 500 + (int) i);
                *(i % 2 == 0 ? &kept[2 - i / 2] : &lost[i / 2]) = fd; /* in no order */
        }
        assert_int_equal(fd_close_others(500, (int[]){ kept[0], -EBADF, kept[1], kept[2], 3 }, 5), 0);
        for (size_t i = 0; i < 3; i++)
                assert_true(fcntl(kept[i], F_GETFD) >= 0);
        for (size_t i = 0; i < 2; i++)
                assert_int_equal(fcntl(lost[i], F_GETFD), -1);
        assert_int_equal(fd_close_others(500, NULL, 0), 0);
        assert_int_equal(fcntl(kept[0], F_GETFD), -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(closing), TEST(scope_exit), TEST(duplicate), TEST(read_and_write), TEST(too_much_to_read),
                TEST(waiting), TEST(paths),      TEST(sealed),         TEST(closing_others),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
