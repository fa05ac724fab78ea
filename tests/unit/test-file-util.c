/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"

static bool exists(int dir, const char *name) {
        return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static mode_t mode_of(int dir, const char *name) {
        struct stat st;

        assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
        return st.st_mode & 07777;
}

static void reading(void **state) {
        _cleanup_free_ char *data = NULL, *line = NULL, *empty = NULL;
        char path[64], *none = NULL;
        int dir = test_directory(path);
        size_t size;

        test_write_file(dir, "f", "one\ntwo\n");
        assert_int_equal(file_read_at(dir, "f", 8, &data, &size), 0);
        assert_string_equal(data, "one\ntwo\n");
        assert_int_equal(size, 8);
        assert_int_equal(file_read_at(dir, "f", 7, &none, NULL), -EFBIG);
        assert_int_equal(file_read_at(dir, "g", 7, &none, NULL), -ENOENT);
        assert_null(none);

        assert_int_equal(file_read_line(dir, "f", &line), 0);
        assert_string_equal(line, "one");
        test_write_file(dir, "e", "");
        assert_int_equal(file_read_line(dir, "e", &empty), 0);
        assert_string_equal(empty, "");

        /* Files of /proc say that they are empty. */
        free(TAKE_PTR(data));
        assert_int_equal(file_read_at(AT_FDCWD, "/proc/self/status", FILE_MAX_DEFAULT, &data, &size), 0);
        assert_true(size > 100);
        test_directory_done(path, dir);
}

static void writing(void **state) {
        _cleanup_free_ char *line = NULL;
        char path[64];
        int dir = test_directory(path);

        assert_int_equal(file_write_value(dir, "f", "1"), -ENOENT);
        test_write_file(dir, "f", "");
        assert_int_equal(file_write_value(dir, "f", "1"), 0);
        assert_int_equal(file_read_line(dir, "f", &line), 0);
        assert_string_equal(line, "1");
        test_directory_done(path, dir);
}

static void replacing(void **state) {
        _cleanup_free_ char *old = NULL, *new = NULL;
        _cleanup_close_ int reader = -EBADF;
        mode_t mask = umask(077);
        char path[64];
        int dir = test_directory(path);

        assert_int_equal(file_replace_at(dir, "f", "old", 3, 0644), 0);
        assert_int_equal(mode_of(dir, "f"), 0644);
        reader = openat(dir, "f", O_RDONLY | O_CLOEXEC);

        /* What a dead writer left is no obstacle, and nothing is left behind. */
        test_write_file(dir, "f.new", "a longer half of somethi");
        assert_int_equal(file_replace_at(dir, "f", "new", 3, 0600), 0);
        assert_int_equal(mode_of(dir, "f"), 0600);
        assert_false(exists(dir, "f.new"));

        /* Who has opened it before reads the old content to its end. */
        assert_int_equal(fd_read_all(reader, 10, &old, NULL), 0);
        assert_string_equal(old, "old");
        assert_int_equal(file_read_line(dir, "f", &new), 0);
        assert_string_equal(new, "new");

        /* Refused: links are not followed, a directory is not replaced. */
        assert_int_equal(symlinkat("f", dir, "g.new"), 0);
        assert_int_equal(file_replace_at(dir, "g", "x", 1, 0600), -ELOOP);
        assert_int_equal(mkdirat(dir, "d", 0700), 0);
        assert_int_equal(file_replace_at(dir, "d", "x", 1, 0600), -EISDIR);
        assert_false(exists(dir, "d.new"));

        (void) umask(mask);
        test_directory_done(path, dir);
}

static void making_directories(void **state) {
        _cleanup_free_ char *deep = NULL, *file = NULL;
        mode_t mask = umask(077);
        char path[64];
        int dir = test_directory(path);

        deep = str_format("%s/a/b/c", path);
        assert_int_equal(directory_make(deep, 0711), 0);
        assert_int_equal(mode_of(dir, "a/b/c"), 0711);
        assert_int_equal(directory_make(deep, 0700), 0);

        test_write_file(dir, "file", "");
        file = str_format("%s/file", path);
        assert_int_equal(directory_make(file, 0700), -ENOTDIR);

        (void) umask(mask);
        test_directory_done(path, dir);
}

static void removing(void **state) {
        char path[64], other[64];
        int dir = test_directory(path), outside = test_directory(other);

        test_write_file(outside, "precious", "x");
        assert_int_equal(mkdirat(dir, "d", 0700), 0);
        assert_int_equal(mkdirat(dir, "d/e", 0700), 0);
        assert_int_equal(mkdirat(dir, "d/e/f", 0), 0);
        test_write_file(dir, "d/file", "x");
        assert_int_equal(symlinkat(other, dir, "d/e/link"), 0);
        assert_int_equal(symlinkat(other, dir, "link"), 0);

        assert_int_equal(directory_remove_at(dir, "d"), 0);
        assert_false(exists(dir, "d"));
        /* A link goes, what it points to stays. */
        assert_int_equal(directory_remove_at(dir, "link"), 0);
        assert_false(exists(dir, "link"));
        assert_true(exists(outside, "precious"));

        /* Gone is gone. */
        assert_int_equal(directory_remove_at(dir, "d"), 0);
        test_directory_done(path, dir);
        test_directory_done(other, outside);
}

/* What is mounted below belongs to somebody else: it stays, and the removal fails. */
static void removing_stops_at_mounts(void **state) {
        _cleanup_free_ char *inner = NULL;
        char path[64];
        int dir;

        if (unshare(CLONE_NEWNS) < 0)
                skip();
        assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);

        /* Opened here, or it would be a directory of the mount namespace that was left. */
        dir = test_directory(path);
        assert_int_equal(mkdirat(dir, "d", 0700), 0);
        assert_int_equal(mkdirat(dir, "d/mounted", 0700), 0);
        inner = str_format("%s/d/mounted", path);
        assert_int_equal(mount("tmpfs", inner, "tmpfs", 0, NULL), 0);
        test_write_file(dir, "d/mounted/precious", "x");

        assert_true(directory_remove_at(dir, "d") < 0);
        assert_true(exists(dir, "d/mounted/precious"));

        assert_int_equal(umount2(inner, MNT_DETACH), 0);
        assert_int_equal(directory_remove_at(dir, "d"), 0);
        test_directory_done(path, dir);
}

/* Deeper than descriptors and stack would last, as a payload can make it. */
static void removing_what_is_deep(void **state) {
        enum { DEPTH = 1200 };
        char path[64];
        int dir = test_directory(path), fd;

        assert_int_equal(mkdirat(dir, "d", 0700), 0);
        test_write_file(dir, "d/.#removed-0", "its name is taken");
        fd = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (int i = 0; i < DEPTH; i++) {
                int next;

                assert_int_equal(mkdirat(fd, "below", 0700), 0);
                test_write_file(fd, "file", "x");
                next = openat(fd, "below", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                assert_true(next >= 0);
                (void) fd_close(fd);
                fd = next;
        }
        (void) fd_close(fd);

        assert_int_equal(directory_remove_at(dir, "d"), 0);
        assert_false(exists(dir, "d"));
        test_directory_done(path, dir);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(reading),  TEST(writing),  TEST(replacing), TEST(making_directories),
                TEST(removing), TEST(removing_stops_at_mounts), TEST(removing_what_is_deep),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
