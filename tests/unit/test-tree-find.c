/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <sys/stat.h>

#include "string-util.h"
#include "tree-find.h"

static void check(const char *tree, const char *expected) {
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_free_ char *path = NULL;
        int r = tree_find(tree, &path, &error);

        if (expected && r < 0)
                fail_msg("%s: %s", tree, error.reason);
        assert_true(streq_ptr(path, expected));
        if (!expected)
                assert_int_equal(error.kind, ERROR_NO_SUCH_TREE);
}

static void paths(void **state) {
        _cleanup_free_ char *before = getcwd(NULL, 0), *inner = NULL, *link = NULL;
        char path[64];
        int dir = test_directory(path);

        inner = str_format("%s/sub", path);
        link = str_format("%s/link", path);
        assert_int_equal(mkdirat(dir, "sub", 0755), 0);
        assert_int_equal(symlinkat("sub", dir, "link"), 0);
        assert_int_equal(fchdir(dir), 0);

        check(".", path);
        check("./sub", inner);
        check("sub/", inner);
        check("./sub/../sub", inner);
        check("sub//.", inner);
        check("/", "/");
        /* A link may point elsewhere next time. */
        check("./link", link);
        check("./link/../sub", inner);
        /* What is not there is berthd's to say, except where it cannot be made a path. */
        check("/no/such/tree", "/no/such/tree");
        check("../nothing/of/that/kind", NULL);
        check("", NULL);

        assert_int_equal(chdir(before), 0);
        test_directory_done(path, dir);
}

static void names(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_free_ char *before = getcwd(NULL, 0), *found = NULL;
        char path[64];
        int dir = test_directory(path);

        assert_int_equal(mkdirat(dir, "berth-unit-test-tree", 0755), 0);
        assert_int_equal(fchdir(dir), 0);

        /* A name is not looked for in the current directory, but the message knows that it is there. */
        assert_true(tree_find("berth-unit-test-tree", &found, &error) < 0);
        assert_non_null(strstr(error.reason, "write ./berth-unit-test-tree"));
        error_done(&error);
        assert_true(tree_find("berth-unit-test-none", &found, &error) < 0);
        assert_non_null(strstr(error.reason, "/var/lib/machines"));
        assert_null(strstr(error.reason, "write ./"));

        assert_int_equal(chdir(before), 0);
        test_directory_done(path, dir);
}

int main(void) {
        const struct CMUnitTest tests[] = { TEST(paths), TEST(names) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
