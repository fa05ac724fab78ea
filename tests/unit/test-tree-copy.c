/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "clone-tree.h"
#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"
#include "tree-copy.h"

static struct stat stat_of(int dir, const char *name) {
        struct stat st;

        assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
        return st;
}

static int make_directory(int dir, const char *name) {
        int fd;

        assert_int_equal(mkdirat(dir, name, 0700), 0);
        fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        return fd;
}

static void copying(void **state) {
        static const struct timespec times[] = { { .tv_sec = 1000, .tv_nsec = 5 }, { .tv_sec = 2000, .tv_nsec = 7 } };
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_close_ int from = -EBADF, to = -EBADF, sparse = -EBADF;
        _cleanup_free_ char *text = NULL;
        char path[64], target[16] = "";
        int dir = test_directory(path);
        struct stat st;

        from = make_directory(dir, "from");
        to = make_directory(dir, "to");
        assert_int_equal(mkdirat(from, "below", 0700), 0);
        test_write_file(from, "below/file", "content");
        assert_int_equal(linkat(from, "below/file", from, "other", 0), 0);
        assert_int_equal(fchmodat(from, "other", 04751, 0), 0);
        assert_int_equal(symlinkat("/etc/passwd", from, "link"), 0);
        assert_int_equal(mknodat(from, "fifo", S_IFIFO | 0640, 0), 0);
        sparse = openat(from, "sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(pwrite(sparse, "end", 3, 64 * 1024 * 1024), 3);
        assert_int_equal(utimensat(from, "link", times, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(utimensat(from, "other", times, 0), 0);
        assert_int_equal(fchmod(from, 0751), 0);

        assert_int_equal(tree_copy(from, to, "/from", NULL, &error), 0);
        assert_int_equal(file_read_at(to, "other", 100, &text, NULL), 0);
        assert_string_equal(text, "content");
        assert_int_equal(readlinkat(to, "link", target, sizeof(target)), strlen("/etc/passwd"));
        st = stat_of(to, "other");
        assert_int_equal(st.st_ino, stat_of(to, "below/file").st_ino);
        assert_int_equal(st.st_mode, S_IFREG | 04751);
        assert_int_equal(st.st_mtim.tv_sec, 2000);
        assert_int_equal(st.st_mtim.tv_nsec, 7);
        assert_int_equal(stat_of(to, "link").st_mtim.tv_sec, 2000);
        assert_int_equal(stat_of(to, "fifo").st_mode, S_IFIFO | 0640);
        st = stat_of(to, "sparse");
        assert_int_equal(st.st_size, 64 * 1024 * 1024 + 3);
        assert_true(st.st_blocks < 1024);
        assert_int_equal(stat_of(dir, "to").st_mode & 07777, 0751);
        assert_int_not_equal(stat_of(to, "other").st_ino, stat_of(from, "other").st_ino);
        test_directory_done(path, dir);
}

static void owners_and_attributes(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_close_ int from = -EBADF, to = -EBADF, file = -EBADF, copy = -EBADF;
        char path[64], value[8] = "";
        int dir;

        if (geteuid() != 0)
                skip();
        dir = test_directory(path);
        from = make_directory(dir, "from");
        to = make_directory(dir, "to");
        test_write_file(from, "file", "x");
        file = openat(from, "file", O_RDONLY | O_CLOEXEC);
        assert_int_equal(fchown(file, 1234, 5678), 0);
        assert_int_equal(symlinkat("nowhere", from, "link"), 0);
        assert_int_equal(fchownat(from, "link", 12, 34, AT_SYMLINK_NOFOLLOW), 0);
        if (fsetxattr(file, "trusted.berth", "value", 5, 0) < 0)
                skip();

        assert_int_equal(tree_copy(from, to, "/from", NULL, &error), 0);
        copy = openat(to, "file", O_RDONLY | O_CLOEXEC);
        assert_int_equal(fgetxattr(copy, "trusted.berth", value, sizeof(value)), 5);
        assert_string_equal(value, "value");
        assert_int_equal(stat_of(to, "file").st_uid, 1234);
        assert_int_equal(stat_of(to, "file").st_gid, 5678);
        assert_int_equal(stat_of(to, "link").st_uid, 12);
        assert_int_equal(stat_of(to, "link").st_gid, 34);
        test_directory_done(path, dir);
}

/* A copy that lies below what is copied is no part of it. */
static void copying_into_itself(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_close_ int from = -EBADF, to = -EBADF;
        char path[64];
        int dir = test_directory(path);

        from = make_directory(dir, "from");
        test_write_file(from, "file", "x");
        to = make_directory(from, "to");
        assert_int_equal(tree_copy(from, to, "/from", NULL, &error), 0);
        assert_int_equal(faccessat(to, "file", F_OK, 0), 0);
        assert_int_equal(faccessat(to, "to", F_OK, 0), -1);
        test_directory_done(path, dir);
}

static void failure_says_where(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_close_ int from = -EBADF, to = -EBADF;
        _cleanup_free_ char *text = NULL;
        char path[64];
        int dir = test_directory(path);

        from = make_directory(dir, "from");
        to = make_directory(dir, "to");
        assert_int_equal(mkdirat(from, "a", 0700), 0);
        test_write_file(from, "a/file", "x");
        /* No room for it: something is there. */
        assert_int_equal(mkdirat(to, "a", 0700), 0);
        assert_int_equal(tree_copy(from, to, "/from", NULL, &error), -EEXIST);
        text = error_render(&error);
        assert_non_null(strstr(text, "'/from/a'"));
        test_directory_done(path, dir);
}

static void cloning(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_close_ int from = -EBADF, image = -EBADF;
        _cleanup_free_ char *text = NULL;
        char path[64];
        int dir = test_directory(path);

        from = make_directory(dir, "from");
        test_write_file(from, "file", "x");
        assert_int_equal(clone_make(from, "/from", dir, "to", NULL, &error), 0);
        assert_int_equal(faccessat(dir, "to/file", F_OK, 0), 0);
        assert_int_equal(clone_make(from, "/from", dir, "to", NULL, &error), -EEXIST);

        test_write_file(dir, "image.raw", "an image");
        image = openat(dir, "image.raw", O_PATH | O_CLOEXEC);
        error_done(&error);
        assert_int_equal(clone_make(image, "/image.raw", dir, "other.raw", NULL, &error), 0);
        assert_int_equal(file_read_at(dir, "other.raw", 100, &text, NULL), 0);
        assert_string_equal(text, "an image");

        /* What a clone that was killed has left goes with the next. */
        assert_int_equal(mkdirat(dir, ".#dead.berth-12345678", 0700), 0);
        assert_int_equal(mkdirat(dir, ".#dead.berth-12345678/below", 0700), 0);
        assert_int_equal(clone_make(from, "/from", dir, "third", NULL, &error), 0);
        assert_int_equal(faccessat(dir, ".#dead.berth-12345678", F_OK, 0), -1);
        test_directory_done(path, dir);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(copying), TEST(owners_and_attributes), TEST(copying_into_itself), TEST(failure_says_where), TEST(cloning),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
