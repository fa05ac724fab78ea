/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "setting.h"
#include "unit-dependencies.h"

static void drop_in_of_settings(void **state) {
        _cleanup_spec_ Spec *spec = spec_new();
        _cleanup_free_ char *text = NULL;

        assert_int_equal(unit_dependencies_format(spec, &text), 0);
        assert_null(text);

        assert_int_equal(setting_assign(setting_by_name("After"), spec, "db network-online.target", NULL), 0);
        assert_int_equal(setting_assign(setting_by_name("After"), spec, "cache", NULL), 0);
        assert_int_equal(setting_assign(setting_by_name("Requires"), spec, "db", NULL), 0);
        assert_int_equal(setting_assign(setting_by_name("WantedBy"), spec, "multi-user.target", NULL), 0);
        assert_int_equal(unit_dependencies_format(spec, &text), 0);
        assert_string_equal(text, "# From the settings of the machine: changed by berth edit.\n"
                                  "[Unit]\n"
                                  "After=berth@db.service network-online.target berth@cache.service\n"
                                  "Requires=berth@db.service\n"
                                  "[Install]\n"
                                  "WantedBy=multi-user.target\n");
}

static void what_is_no_unit(void **state) {
        static const char *const bad[] = {
                "a b/c", "a\nb", "@.service", "berth@.service", "-x", "a;b.service", "%i.service", " "
        };
        _cleanup_spec_ Spec *spec = spec_new();

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(setting_add(setting_by_name("After"), spec, bad[i], NULL), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(drop_in_of_settings),
                cmocka_unit_test(what_is_no_unit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
