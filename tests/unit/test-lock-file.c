/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fd-util.h"
#include "lock-file.h"

static void one_holder(void **state) {
        char path[64];
        int dir = test_directory(path), lock, second;
        struct stat st;

        assert_int_equal(lock_file_is_held(dir, "lock"), 0);

        lock = lock_file_try(dir, "lock");
        assert_true(lock >= 0);
        assert_int_equal(fstat(lock, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(fcntl(lock, F_GETFD), FD_CLOEXEC);

        assert_int_equal(lock_file_try(dir, "lock"), -EAGAIN);
        assert_int_equal(lock_file_is_held(dir, "lock"), 1);

        lock = fd_close(lock);
        assert_int_equal(lock_file_is_held(dir, "lock"), 0);
        second = lock_file_try(dir, "lock");
        assert_true(second >= 0);
        (void) fd_close(second);
        test_directory_done(path, dir);
}

/* The lock belongs to the open file: a process that inherits it keeps it when the first one lets go. */
static void handed_over(void **state) {
        char path[64], byte;
        int dir = test_directory(path), lock = lock_file_try(dir, "lock"), wake[2], status;
        pid_t child;

        assert_true(lock >= 0);
        assert_int_equal(pipe2(wake, O_CLOEXEC), 0);
        child = fork();
        if (child == 0) {
                (void) close(wake[1]);
                _exit(read(wake[0], &byte, 1) == 0 ? 0 : 1);
        }
        lock = fd_close(lock);
        assert_int_equal(lock_file_is_held(dir, "lock"), 1);
        assert_int_equal(lock_file_try(dir, "lock"), -EAGAIN);

        fd_close_many(wake, 2);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(lock_file_is_held(dir, "lock"), 0);
        test_directory_done(path, dir);
}

static void removed_file_guards_nothing(void **state) {
        char path[64];
        int dir = test_directory(path), old = lock_file_try(dir, "lock"), new;

        assert_true(old >= 0);
        assert_int_equal(unlinkat(dir, "lock", 0), 0);
        new = lock_file_try(dir, "lock");
        assert_true(new >= 0);
        assert_int_equal(lock_file_is_held(dir, "lock"), 1);
        (void) fd_close(old);
        (void) fd_close(new);
        test_directory_done(path, dir);
}

static void links_are_not_followed(void **state) {
        char path[64];
        int dir = test_directory(path);

        assert_int_equal(symlinkat("elsewhere", dir, "lock"), 0);
        assert_int_equal(lock_file_try(dir, "lock"), -ELOOP);
        assert_int_equal(lock_file_is_held(dir, "lock"), -ELOOP);
        assert_int_equal(lock_file_try(dir, "no/such/directory"), -ENOENT);
        test_directory_done(path, dir);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(one_holder), TEST(handed_over), TEST(removed_file_guards_nothing), TEST(links_are_not_followed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
