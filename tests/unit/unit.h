/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* cmocka with what its header needs before it, and what every unit test wants besides. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Descriptors that are open, the one that counts them left out. */
static inline unsigned test_open_descriptors(void) {
        DIR *dir = opendir("/proc/self/fd");
        unsigned n = 0;

        assert_non_null(dir);
        while (readdir(dir))
                n++;
        (void) closedir(dir);
        return n;
}

/* Runs a group, and fails where a test left a descriptor open: the count before each test is kept in its state. */
static inline int test_setup(void **state) {
        *state = (void *) (uintptr_t) test_open_descriptors();
        return 0;
}

static inline int test_teardown(void **state) {
        assert_int_equal((unsigned) (uintptr_t) *state, test_open_descriptors());
        return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

/* A directory of its own for a test, and its end. Written without what is under test. */
static inline int test_directory(char path[static 64]) {
        int fd;

        strcpy(path, "/tmp/berth-unit-XXXXXX");
        assert_non_null(mkdtemp(path));
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        return fd;
}

static inline int test_unlink(const char *path, const struct stat *st, int kind, struct FTW *ftw) {
        return remove(path);
}

static inline void test_directory_done(const char *path, int fd) {
        assert_int_equal(nftw(path, test_unlink, 16, FTW_DEPTH | FTW_PHYS), 0);
        assert_int_equal(close(fd), 0);
}

static inline void test_write_file(int dirfd, const char *name, const char *content) {
        int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, content, strlen(content)), strlen(content));
        assert_int_equal(close(fd), 0);
}
