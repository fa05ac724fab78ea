/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "name.h"
#include "spec.h"

static void from_trees(void **state) {
        static const struct {
                const char *path, *name;
        } rows[] = {
                { "/var/lib/machines/debian", "debian" },
                { "/srv/Debian 12", "Debian-12" },
                { "/srv/a.b", "a.b" },
                { "/srv/_x_", "x" },
                { "/srv/--", "machine" },
                { "/", "machine" },
                { "/srv/ümlaut", "mlaut" },
                { "/srv/a..b--c", "a.b-c" },
                { "/srv/web.", "web" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char *name = name_from_tree(rows[i].path);

                assert_string_equal(name, rows[i].name);
                assert_int_equal(spec_check_name(name, NULL), 0);
                free(name);
        }
}

static void long_ones_take_a_suffix(void **state) {
        char path[200] = "/srv/", *name, *longer;

        memset(path + 5, 'x', 150);
        name = name_from_tree(path);
        longer = name_with_suffix(name);
        assert_int_equal(spec_check_name(name, NULL), 0);
        assert_int_equal(spec_check_name(longer, NULL), 0);
        assert_int_equal(strlen(longer), strlen(name) + 9);
        free(name);
        free(longer);
}

static void suffixes_differ(void **state) {
        char *a = name_with_suffix("x"), *b = name_with_suffix("x");

        assert_string_not_equal(a, b);
        free(a);
        free(b);
}

int main(void) {
        static const struct CMUnitTest tests[] = { TEST(from_trees), TEST(long_ones_take_a_suffix), TEST(suffixes_differ) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
