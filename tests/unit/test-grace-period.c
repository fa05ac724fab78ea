/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/wait.h>

#include "grace-period.h"
#include "unit.h"

/* With or without a cgroup that may be written to: nobody waits, and nobody stays. */
static void comes_and_goes(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;
        GracePeriod *g;

        assert_int_equal(grace_period_new(&g, &error), 0);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), g ? 0 : -1);
        for (int i = 0; i < 3; i++)
                grace_period_begin(g);
        assert_null(grace_period_free(g));
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
}

/* More wishes than a socket holds do not block. */
static void many_wishes(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;
        GracePeriod *g;

        assert_int_equal(grace_period_new(&g, &error), 0);
        for (int i = 0; i < 100000; i++)
                grace_period_begin(g);
        assert_null(grace_period_free(g));
}

static void none(void **state) {
        grace_period_begin(NULL);
        assert_null(grace_period_free(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(comes_and_goes),
                cmocka_unit_test(many_wishes),
                cmocka_unit_test(none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
