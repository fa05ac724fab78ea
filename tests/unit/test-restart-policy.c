/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "restart-policy.h"
#include "setting.h"

static Spec *spec_with(const char *restart) {
        Spec *spec = spec_new();

        assert_non_null(spec);
        assert_int_equal(setting_assign(setting_by_name("Restart"), spec, restart, NULL), 0);
        return spec;
}

static void policies(void **state) {
        static const struct {
                const char *policy;
                bool success, failure, killed;
        } expected[] = {
                { "no", false, false, false },
                { "on-failure", false, true, true },
                { "always", true, true, true },
                { "unless-stopped", true, true, true },
        };
        State success = { .result = RESULT_EXITED }, failure = { .result = RESULT_EXITED, .status = 3 },
              killed = { .result = RESULT_SIGNAL, .status = 9 };

        for (size_t i = 0; i < ELEMENTSOF(expected); i++) {
                _cleanup_spec_ Spec *spec = spec_with(expected[i].policy);

                assert_int_equal(restart_is_wanted(spec, &success), expected[i].success);
                assert_int_equal(restart_is_wanted(spec, &failure), expected[i].failure);
                assert_int_equal(restart_is_wanted(spec, &killed), expected[i].killed);
                assert_int_equal(restart_is_possible(spec), i > 0);
        }
}

static void number_of_times(void **state) {
        _cleanup_spec_ Spec *spec = spec_with("on-failure:2");
        State failure = { .result = RESULT_EXITED, .status = 1, .restarts = 1 };

        assert_true(restart_is_wanted(spec, &failure));
        failure.restarts = 2;
        assert_false(restart_is_wanted(spec, &failure));
}

static void waits_longer_each_time(void **state) {
        _cleanup_spec_ Spec *spec = spec_with("always");
        RestartHistory history = {};
        uint64_t now = USEC_PER_SEC;

        spec->restart_usec = 100;
        spec->restart_max_usec = 500;
        history.started_usec = now;
        assert_int_equal(restart_next_delay(&history, spec, now), 100);
        assert_int_equal(restart_next_delay(&history, spec, now), 200);
        assert_int_equal(restart_next_delay(&history, spec, now), 400);
        assert_int_equal(restart_next_delay(&history, spec, now), 500);
        assert_int_equal(restart_next_delay(&history, spec, now), 500);
        /* It has run for a while. */
        assert_int_equal(restart_next_delay(&history, spec, now + RESTART_SETTLED_USEC), 100);

        spec->restart_usec = 1000;
        assert_int_equal(restart_next_delay(&history, spec, now + RESTART_SETTLED_USEC), 1000);
        assert_int_equal(restart_next_delay(&history, spec, now), 1000);
        spec->restart_usec = 0;
        history = (RestartHistory){ .started_usec = now };
        assert_int_equal(restart_next_delay(&history, spec, now), 0);
        assert_int_equal(restart_next_delay(&history, spec, now), 0);
}

static void start_limit(void **state) {
        _cleanup_spec_ Spec *spec = spec_with("always");
        RestartHistory history = {};

        spec->start_limit_usec = 1000;
        spec->start_limit_burst = 3;
        for (uint64_t now = 5000; now < 5003; now++)
                assert_true(restart_note_start(&history, spec, now));
        assert_false(restart_note_start(&history, spec, 5999));
        assert_true(restart_note_start(&history, spec, 6000));

        /* No interval, no limit. */
        spec->start_limit_usec = 0;
        for (int i = 0; i < 10; i++)
                assert_true(restart_note_start(&history, spec, 6000));
}

int main(void) {
        const struct CMUnitTest tests[] = { TEST(policies), TEST(number_of_times), TEST(waits_longer_each_time),
                                            TEST(start_limit) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
