/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>

#include "error.h"

static void check_rendered(const Error *error, const char *expected) {
        _cleanup_free_ char *text = error_render(error);

        assert_string_equal(text, expected);
}

static void forms(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;

        assert_false(error_is_set(&error));
        assert_false(error_is_set(NULL));

        assert_int_equal(error_set(&error, ERROR_NO_SUCH_TREE, ENOENT, "opening the tree", "/srv/x", NULL), -ENOENT);
        assert_true(error_is_set(&error));
        check_rendered(&error, "opening the tree '/srv/x': No such file or directory");
        error_done(&error);
        assert_false(error_is_set(&error));

        assert_int_equal(error_set(&error, ERROR_INVALID_VALUE, 0, "reading", NULL, "%i is not %s", 5, "six"), -EINVAL);
        check_rendered(&error, "reading: 5 is not six");
        error_done(&error);

        assert_int_equal(error_set_errno(&error, -EPERM, "mounting", "/proc"), -EPERM);
        assert_int_equal(error.kind, ERROR_FAILED);
        check_rendered(&error, "mounting '/proc': Operation not permitted");
        error_done(&error);

        assert_int_equal(error_set_rendered(&error, ERROR_NO_RANGE, EBUSY, "it's all: taken"), -EBUSY);
        assert_true(error_is_set(&error));
        check_rendered(&error, "it's all: taken");
        error_done(&error);
        error_done(&error);
        error_done(NULL);

        /* What is no errno is no success either. */
        assert_int_equal(error_set_errno(NULL, 0, "trying", NULL), -EIO);
}

/* The origin knows best: what comes later does not replace it. */
static void first_one_stays(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;

        (void) error_set(&error, ERROR_NO_SUCH_USER, ESRCH, "looking up the user", "joe", NULL);
        assert_int_equal(error_set(&error, ERROR_FAILED, EIO, "starting", NULL, "no luck"), -EIO);
        assert_int_equal(error_set_rendered(&error, ERROR_FAILED, EIO, "no luck"), -EIO);
        assert_int_equal(error.kind, ERROR_NO_SUCH_USER);
        check_rendered(&error, "looking up the user 'joe': No such process");
}

static void nowhere_to_put_it(void **state) {
        assert_int_equal(error_set(NULL, ERROR_FAILED, EBUSY, "trying", NULL, NULL), -EBUSY);
        assert_int_equal(error_oom(NULL), -ENOMEM);
        assert_int_equal(error_set_rendered(NULL, ERROR_FAILED, 0, "x"), -EINVAL);
}

static void kinds(void **state) {
        for (ErrorKind kind = 0; kind < _ERROR_KIND_MAX; kind++) {
                const char *name = error_kind_to_dbus(kind);
                int status = error_kind_to_exit_status(kind);

                /* The way back finds the same kind, so no two share a name. */
                assert_non_null(startswith(name, "org.berth1.Error."));
                assert_int_equal(error_kind_from_dbus(name), kind);
                assert_true(status >= 125 && status <= 127);
        }

        assert_int_equal(error_kind_from_dbus("org.freedesktop.DBus.Error.NoReply"), ERROR_FAILED);
        assert_int_equal(error_kind_from_dbus(NULL), ERROR_FAILED);
        assert_int_equal(error_kind_to_exit_status(ERROR_COMMAND_NOT_FOUND), 127);
        assert_int_equal(error_kind_to_exit_status(ERROR_COMMAND_NOT_EXECUTABLE), 126);
        assert_int_equal(error_kind_to_exit_status(ERROR_START_FAILED), 125);
}

static void errno_texts(void **state) {
        assert_string_equal(errno_text(ENOENT), "No such file or directory");
        assert_string_equal(errno_text(-ENOENT), "No such file or directory");
        assert_string_equal(errno_text(4711), "Unknown error");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(forms), TEST(first_one_stays), TEST(nowhere_to_put_it), TEST(kinds), TEST(errno_texts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
