/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <sys/socket.h>
#include <unistd.h>

#include "fd-util.h"
#include "leader-protocol.h"

static void make_pair(int pair[2]) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

static void test_failure_travels(void **state) {
        _cleanup_error_ Error sent = ERROR_NULL, got = ERROR_NULL;
        int pair[2];

        make_pair(pair);
        (void) error_set(&sent, ERROR_COMMAND_NOT_FOUND, ENOENT, "executing the command", "/bin/nope", "no such file in %s",
                         "here");
        leader_send_failed(pair[0], &sent);

        assert_int_equal(leader_expect(pair[1], LEADER_INSIDE, NULL, 0, &got), -ENOENT);
        assert_int_equal(got.kind, ERROR_COMMAND_NOT_FOUND);
        assert_string_equal(got.step, "executing the command");
        assert_string_equal(got.object, "/bin/nope");
        assert_string_equal(got.reason, "no such file in here");
        fd_close_many(pair, 2);
}

/* Without a reason the errno speaks; without an object none is made up. */
static void test_bare_failure_travels(void **state) {
        _cleanup_error_ Error sent = ERROR_NULL, got = ERROR_NULL;
        _cleanup_free_ char *text = NULL;
        int pair[2];

        make_pair(pair);
        (void) error_set_errno(&sent, -EACCES, "making a session", NULL);
        leader_send_failed(pair[0], &sent);
        assert_int_equal(leader_read_outcome(pair[1], &got), -EACCES);
        text = error_render(&got);
        assert_string_equal(text, "making a session: Permission denied");
        fd_close_many(pair, 2);
}

static void test_descriptors_arrive(void **state) {
        int pair[2], pipes[2], got[2] = { -EBADF, -EBADF };

        make_pair(pair);
        assert_int_equal(pipe(pipes), 0);
        assert_int_equal(leader_send(pair[0], LEADER_EXEC, pipes, 2), 0);
        assert_int_equal(leader_expect(pair[1], LEADER_EXEC, got, 2, NULL), 0);
        assert_int_equal(write(got[1], "x", 1), 1);
        assert_int_equal(read(pipes[0], &(char){ 0 }, 1), 1);
        fd_close_many(pair, 2);
        fd_close_many(pipes, 2);
        fd_close_many(got, 2);
}

static void test_wrong_message_names_both(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;
        int pair[2];

        make_pair(pair);
        assert_int_equal(leader_send(pair[0], LEADER_INSIDE, NULL, 0), 0);
        assert_true(leader_expect(pair[1], LEADER_EXEC, NULL, 0, &error) < 0);
        assert_string_equal(error.object, "exec");
        assert_non_null(strstr(error.reason, "inside"));
        fd_close_many(pair, 2);
}

static void test_end_of_file(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;
        int pair[2];

        make_pair(pair);
        (void) fd_close(pair[0]);
        assert_int_equal(leader_read_outcome(pair[1], NULL), 0);
        assert_true(leader_expect(pair[1], LEADER_ENTER, NULL, 0, &error) < 0);
        assert_int_equal(error.kind, ERROR_START_FAILED);
        (void) fd_close(pair[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_failure_travels),
                TEST(test_bare_failure_travels),
                TEST(test_descriptors_arrive),
                TEST(test_wrong_message_names_both),
                TEST(test_end_of_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
