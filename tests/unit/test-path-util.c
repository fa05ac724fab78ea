/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>

#include "fd-util.h"
#include "file-util.h"
#include "path-util.h"

static void normalized(void **state) {
        static const char *const yes[] = { "/", "/a", "/a/b", "/.a", "/..a", "/a..", "/...", "/a b/ü" };
        static const char *const no[] = {
                "", "a", "./a", "//", "/a/", "/a//b", "/.", "/..", "/a/./b", "/a/../b", "/a/..", "//a"
        };

        for (size_t i = 0; i < ELEMENTSOF(yes); i++)
                assert_true(path_is_normalized(yes[i]));
        for (size_t i = 0; i < ELEMENTSOF(no); i++)
                assert_false(path_is_normalized(no[i]));
}

static void absolute(void **state) {
        static const struct {
                const char *path, *base, *expected;
        } rows[] = {
                { "/a", "/x", "/a" },       { "a", "/x", "/x/a" },     { ".", "/x", "/x" },       { "./a//b/.", "/x", "/x/a/b" },
                { "/", "/x", "/" },         { "//", "/x", "/" },       { "a", "/", "/a" },        { "", "/x", "/x" },
                { "..", "/x", NULL },       { "/a/../b", "/x", NULL }, { "...", "/x", "/x/..." },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_free_ char *got = NULL;

                assert_int_equal(path_make_absolute(rows[i].path, rows[i].base, &got), rows[i].expected ? 0 : -EINVAL);
                assert_true(streq_ptr(got, rows[i].expected));
                assert_true(!got || path_is_normalized(got));
        }
}

static void basenames(void **state) {
        assert_string_equal(path_basename("/a/b"), "b");
        assert_string_equal(path_basename("b"), "b");
        assert_string_equal(path_basename("/"), "");
}

static void check_content(int root, const char *path, const char *expected) {
        _cleanup_close_ int fd = path_open_in_root(root, path, O_RDONLY);
        _cleanup_free_ char *text = NULL;

        assert_true(fd >= 0);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        assert_int_equal(fd_read_all(fd, FILE_MAX_DEFAULT, &text, NULL), 0);
        assert_string_equal(text, expected);
}

/* A tree with a file of its own, and links of every kind that want out: all of them end in the tree. */
static void nothing_leads_out(void **state) {
        static const char *const ways[] = {
                "etc/passwd", "/etc/passwd", "../../../etc/passwd", "etc/../../etc/passwd", "absolute",
                "relative",   "chain",       "up/etc/passwd",       "/up/up/up/etc/passwd"
        };
        char path[64];
        int root = test_directory(path);

        assert_int_equal(mkdirat(root, "etc", 0755), 0);
        test_write_file(root, "etc/passwd", "the tree's own");
        assert_int_equal(symlinkat("/etc/passwd", root, "absolute"), 0);
        assert_int_equal(symlinkat("../../../../../../etc/passwd", root, "relative"), 0);
        assert_int_equal(symlinkat("absolute", root, "chain"), 0);
        assert_int_equal(symlinkat("..", root, "up"), 0);

        for (size_t i = 0; i < ELEMENTSOF(ways); i++)
                check_content(root, ways[i], "the tree's own");

        assert_int_equal(symlinkat("loop", root, "loop"), 0);
        assert_int_equal(path_open_in_root(root, "loop", O_RDONLY), -ELOOP);
        assert_int_equal(symlinkat("/proc/version", root, "missing"), 0);
        assert_int_equal(path_open_in_root(root, "missing", O_RDONLY), -ENOENT);
        test_directory_done(path, root);
}

/* /proc has links that are no paths: they would lead anywhere. */
static void magic_links_are_refused(void **state) {
        _cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

        assert_true(root >= 0);
        assert_int_equal(path_open_in_root(root, "/proc/self/root/etc", O_PATH), -ELOOP);
        assert_int_equal(path_open_in_root(root, "/proc/self/fd/0", O_RDONLY), -ELOOP);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(normalized), TEST(absolute), TEST(basenames), TEST(nothing_leads_out), TEST(magic_links_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
