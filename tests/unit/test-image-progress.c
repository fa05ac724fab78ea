/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-progress.h"

#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

static Progress begin(int pair[static 2]) {
        assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), errno);
        return (Progress){ .socket = pair[0], .unit = "files", .total = 100000 };
}

/* Each time as if the last message had been long ago. */
static void work(Progress *progress, size_t n) {
        for (size_t i = 0; i < n; i++) {
                progress->told_usec = 0;
                progress_add(progress, 1);
        }
}

/* What the last one says. */
static size_t drain(int socket, char last[static 4096]) {
        size_t n = 0;
        ssize_t size;

        while ((size = recv(socket, last, 4095, MSG_DONTWAIT)) > 0) {
                last[size] = '\0';
                n++;
        }
        return n;
}

static void who_does_not_read_is_told_the_end(void **state) {
        char last[4096];
        int pair[2];
        Progress progress = begin(pair);
        const uint64_t usage = 4711;

        work(&progress, 100000);
        progress_end(&progress, 0, &usage, NULL);
        assert_in_range(drain(pair[1], last), 2, 1000);
        assert_non_null(strstr(last, "\"result\":\"done\""));
        assert_non_null(strstr(last, "\"usage\":4711"));
        assert_non_null(strstr(last, "\"done\":100000"));
        (void) close(pair[0]);
        (void) close(pair[1]);
}

static void the_end_may_be_a_failure(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;
        char last[4096];
        int pair[2];
        Progress progress = begin(pair);

        work(&progress, 1);
        (void) error_set(&error, ERROR_IMAGE_IN_USE, EBUSY, "removing the image", "web", "somebody has it");
        progress_end(&progress, -EBUSY, NULL, &error);
        assert_int_equal(drain(pair[1], last), 2);
        assert_non_null(strstr(last, "org.berth1.Error.ImageInUse"));
        assert_non_null(strstr(last, "somebody has it"));
        assert_null(strstr(last, "result"));
        (void) close(pair[0]);
        (void) close(pair[1]);
}

static void nobody_asked(void **state) {
        Progress progress = { .socket = -EBADF };

        work(&progress, 3);
        progress_add(NULL, 1);
        progress_end(&progress, 0, NULL, NULL);
        assert_int_equal(progress.done, 3);
}

int main(void) {
        const struct CMUnitTest tests[] = { TEST(who_does_not_read_is_told_the_end), TEST(the_end_may_be_a_failure),
                                            TEST(nobody_asked) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
