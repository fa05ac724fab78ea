/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "fd-pass.h"
#include "fd-util.h"

static void make_pair(int pair[static 2]) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
}

static void check_same_file(int a, int b) {
        struct stat x, y;

        assert_int_equal(fstat(a, &x), 0);
        assert_int_equal(fstat(b, &y), 0);
        assert_true(x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

static void message_with_descriptors(void **state) {
        int pair[2], files[2], got[FD_PASS_MAX];
        char data[64];
        size_t n = 0;

        make_pair(pair);
        assert_int_equal(pipe2(files, O_CLOEXEC), 0);

        assert_int_equal(fd_pass_send(pair[0], "hello", 5, files, 2), 0);
        assert_int_equal(fd_pass_receive(pair[1], data, sizeof(data), got, &n), 5);
        assert_memory_equal(data, "hello", 5);
        assert_int_equal(n, 2);
        for (size_t i = 0; i < n; i++) {
                check_same_file(files[i], got[i]);
                assert_int_equal(fcntl(got[i], F_GETFD), FD_CLOEXEC);
        }

        fd_close_many(got, n);
        fd_close_many(files, 2);
        fd_close_many(pair, 2);
}

static void as_many_as_fit(void **state) {
        int pair[2], files[FD_PASS_MAX], got[FD_PASS_MAX];
        size_t n = 0;
        char data;

        make_pair(pair);
        for (size_t i = 0; i < FD_PASS_MAX; i++)
                files[i] = pair[0];
        assert_int_equal(fd_pass_send(pair[0], "x", 1, files, FD_PASS_MAX), 0);
        assert_int_equal(fd_pass_receive(pair[1], &data, 1, got, &n), 1);
        assert_int_equal(n, FD_PASS_MAX);
        fd_close_many(got, n);
        fd_close_many(pair, 2);
}

static void borders_are_kept(void **state) {
        int pair[2], got[FD_PASS_MAX];
        char data[64];
        size_t n = 4711;

        make_pair(pair);
        assert_int_equal(fd_pass_send(pair[0], "one", 3, NULL, 0), 0);
        assert_int_equal(fd_pass_send(pair[0], "three", 5, NULL, 0), 0);
        assert_int_equal(fd_pass_receive(pair[1], data, sizeof(data), got, &n), 3);
        assert_int_equal(n, 0);
        assert_int_equal(fd_pass_receive(pair[1], data, sizeof(data), got, &n), 5);
        assert_int_equal(fd_pass_receive(pair[1], data, sizeof(data), got, &n), -EAGAIN);
        fd_close_many(pair, 2);
}

/* What does not fit is refused, and its descriptors do not stay. The teardown counts them. */
static void too_long(void **state) {
        int pair[2], got[FD_PASS_MAX];
        char data[3];
        size_t n = 0;

        make_pair(pair);
        assert_int_equal(fd_pass_send(pair[0], "hello", 5, pair, 2), 0);
        assert_int_equal(fd_pass_receive(pair[1], data, sizeof(data), got, &n), -EMSGSIZE);
        fd_close_many(pair, 2);
}

static void more_descriptors_than_are_taken(void **state) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int) * (FD_PASS_MAX + 1))];
        } control = {};
        struct iovec iov = { (void *) "x", 1 };
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        int pair[2], got[FD_PASS_MAX];
        size_t n = 0;
        char data;

        make_pair(pair);
        control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int) * (FD_PASS_MAX + 1)), SOL_SOCKET, SCM_RIGHTS };
        for (size_t i = 0; i <= FD_PASS_MAX; i++)
                memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &pair[0], sizeof(int));
        assert_int_equal(sendmsg(pair[0], &message, 0), 1);
        assert_int_equal(fd_pass_receive(pair[1], &data, 1, got, &n), -EMSGSIZE);
        fd_close_many(pair, 2);
}

static void end_of_connection(void **state) {
        int pair[2], got[FD_PASS_MAX];
        size_t n = 0;
        char data;

        make_pair(pair);
        pair[0] = fd_close(pair[0]);
        assert_int_equal(fd_pass_receive(pair[1], &data, 1, got, &n), 0);
        assert_int_equal(fd_pass_send(pair[1], "x", 1, NULL, 0), -EPIPE);
        fd_close_many(pair, 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(message_with_descriptors), TEST(as_many_as_fit),
                TEST(borders_are_kept),         TEST(too_long),
                TEST(more_descriptors_than_are_taken), TEST(end_of_connection),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
