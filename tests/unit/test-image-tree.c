/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>

#include "fd-util.h"
#include "image-tree.h"
#include "string-util.h"

static char *under(const char *base, const char *name) {
        char *path;

        assert_true(asprintf(&path, "%s/%s", base, name) > 0);
        return path;
}

static ErrorKind failure(const char *path) {
        _cleanup_error_ Error error = ERROR_NULL;
        int fd;

        assert_true(tree_open(path, &fd, &error) < 0);
        return error.kind;
}

static void what_is_a_tree(void **state) {
        char base[64];
        int dir = test_directory(base), fd;
        _cleanup_free_ char *none = under(base, "none"), *file = under(base, "file"), *empty = under(base, "empty"),
                            *odd = under(base, "odd"), *tree = under(base, "tree"), *fifo = under(base, "fifo");

        test_write_file(dir, "file", "");
        assert_int_equal(mkdirat(dir, "empty", 0755), 0);
        assert_int_equal(mkdirat(dir, "odd", 0755), 0);
        test_write_file(dir, "odd/usr", "");
        assert_int_equal(mkdirat(dir, "tree", 0755), 0);
        assert_int_equal(mkdirat(dir, "tree/usr", 0755), 0);

        assert_int_equal(failure(none), ERROR_NO_SUCH_TREE);
        /* An image, as far as can be told without looking into it. */
        assert_int_equal(tree_open(file, &fd, NULL), 0);
        fd_close(fd);
        assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
        assert_int_equal(failure(fifo), ERROR_NOT_A_TREE);
        assert_int_equal(failure(empty), ERROR_NOT_A_TREE);
        assert_int_equal(failure(odd), ERROR_NOT_A_TREE);
        assert_int_equal(tree_open(tree, &fd, NULL), 0);
        fd_close(fd);
        test_directory_done(base, dir);
}

/* Only root's directories count as private, so the test is root's. */
static void who_can_enter(void **state) {
        char base[64];
        int dir = test_directory(base), fd;
        _cleanup_free_ char *tree = under(base, "open/tree");
        _cleanup_spec_ Spec *spec = spec_new();
        _cleanup_error_ Error error = ERROR_NULL;

        if (geteuid() != 0) {
                test_directory_done(base, dir);
                skip();
        }

        assert_int_equal(mkdirat(dir, "open", 0755), 0);
        assert_int_equal(mkdirat(dir, "open/tree", 0700), 0);
        assert_int_equal(mkdirat(dir, "open/tree/usr", 0755), 0);
        assert_int_equal(str_replace(&spec->root, tree), 0);
        assert_int_equal(tree_open(tree, &fd, NULL), 0);

        /* mkdtemp() makes its directory 0700. */
        assert_int_equal(tree_check_exposure(fd, spec, NULL), 0);

        /* The tree's own mode does not count: the payload can change it. */
        assert_int_equal(fchmod(dir, 0755), 0);
        assert_true(tree_check_exposure(fd, spec, &error) < 0);
        assert_int_equal(error.kind, ERROR_EXPOSED_TREE);
        assert_int_equal(fchmod(dir, 0710), 0);
        assert_true(tree_check_exposure(fd, spec, NULL) < 0);

        /* Somebody else's private directory is not root's. */
        assert_int_equal(fchmod(dir, 0700), 0);
        assert_int_equal(fchown(dir, 1000, 0), 0);
        assert_true(tree_check_exposure(fd, spec, NULL) < 0);
        assert_int_equal(fchown(dir, 0, 0), 0);

        assert_int_equal(fchmod(dir, 0755), 0);
        assert_int_equal(fchmodat(dir, "open", 0700, 0), 0);
        assert_int_equal(tree_check_exposure(fd, spec, NULL), 0);
        assert_int_equal(fchmodat(dir, "open", 0755, 0), 0);

        spec->read_only = true;
        assert_int_equal(tree_check_exposure(fd, spec, NULL), 0);
        spec->read_only = false;
        spec->ephemeral = true;
        assert_int_equal(tree_check_exposure(fd, spec, NULL), 0);
        spec->ephemeral = false;
        spec->allow_exposed_tree = true;
        assert_int_equal(tree_check_exposure(fd, spec, NULL), 0);

        fd_close(fd);
        test_directory_done(base, dir);
}

int main(void) {
        static const struct CMUnitTest tests[] = { TEST(what_is_a_tree), TEST(who_can_enter) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
