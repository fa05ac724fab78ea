/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>

#include "kept.h"
#include "setting.h"
#include "string-util.h"

static Spec *make_spec(void) {
        Spec *spec = spec_new();

        assert_int_equal(str_replace(&spec->name, "web"), 0);
        assert_int_equal(str_replace(&spec->root, "/srv/web"), 0);
        assert_int_equal(setting_assign(setting_by_name("MemoryMax"), spec, "64M", NULL), 0);
        return spec;
}

static void comes_back(void **state) {
        char base[64], place[80];
        int dir = test_directory(base), kept;
        _cleanup_spec_ Spec *spec = make_spec(), *back = NULL;
        _cleanup_state_ State end = { .state = MACHINE_EXITED, .result = RESULT_EXITED, .status = 3 }, was = STATE_NULL;
        struct stat st;

        (void) snprintf(place, sizeof(place), "%s/state", base);
        kept = kept_open(&(Places){ .state = place });
        assert_true(kept >= 0);
        assert_false(kept_exists(kept, "web"));
        assert_int_equal(kept_read_result(kept, "web", &was), -ENOENT);

        assert_int_equal(kept_write_spec(kept, "web", spec), 0);
        assert_true(kept_exists(kept, "web"));
        assert_int_equal(kept_read_result(kept, "web", &was), -ENOENT);
        assert_int_equal(fstatat(kept, "web", &st, 0), 0);
        assert_int_equal(st.st_mode & 0777, 0700);

        assert_int_equal(kept_read_spec(kept, "web", &back, NULL), 0);
        assert_string_equal(back->root, "/srv/web");
        assert_string_equal(back->memory_max, "64M");
        /* What was not set stays open. */
        assert_int_equal(back->private_users.mode, USER_NAMESPACE_PICK);
        assert_false(setting_is_assigned(setting_by_name("TasksMax"), back));

        assert_int_equal(str_replace(&end.name, "web"), 0);
        assert_int_equal(kept_write_result(kept, "web", &end), 0);
        assert_int_equal(kept_read_result(kept, "web", &was), 0);
        assert_int_equal(was.status, 3);

        assert_int_equal(kept_remove(kept, "web"), 0);
        assert_false(kept_exists(kept, "web"));
        assert_int_equal(fstatat(kept, "web", &st, 0), -1);
        assert_int_equal(kept_remove(kept, "web"), 0);

        assert_int_equal(close(kept), 0);
        test_directory_done(base, dir);
}

/* A folder without settings, as a manager leaves it that was killed in the middle, is no machine. */
static void half_made(void **state) {
        char base[64], place[80];
        int dir = test_directory(base), kept;
        _cleanup_error_ Error error = ERROR_NULL;
        Spec *spec;

        (void) snprintf(place, sizeof(place), "%s/state", base);
        kept = kept_open(&(Places){ .state = place });
        assert_true(kept >= 0);
        assert_int_equal(mkdirat(kept, "half", 0700), 0);
        assert_false(kept_exists(kept, "half"));
        assert_true(kept_read_spec(kept, "half", &spec, &error) < 0);
        assert_true(error_is_set(&error));

        assert_int_equal(close(kept), 0);
        test_directory_done(base, dir);
}

int main(void) {
        static const struct CMUnitTest tests[] = { TEST(comes_back), TEST(half_made) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
