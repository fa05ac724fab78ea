/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <linux/capability.h>

#include "samples.h"
#include "string-util.h"

static void check_equal(const Spec *a, const Spec *b) {
        assert_true(streq_ptr(a->name, b->name) && streq_ptr(a->root, b->root));
        assert_int_equal(a->terminal, b->terminal);
        assert_int_equal(a->remove, b->remove);
        assert_memory_equal(a->assigned, b->assigned, sizeof(a->assigned));

        FOREACH_SETTING(s) {
                _cleanup_free_ char *x = setting_text(s, a), *y = setting_text(s, b);

                assert_string_equal(x, y);
        }
}

static void copies(void **state) {
        _cleanup_spec_ Spec *spec = spec_new(), *same = NULL, *plain = NULL;

        plain = spec_copy(spec);
        check_equal(spec, plain);

        assert_int_equal(str_replace(&spec->name, "web"), 0);
        assert_int_equal(str_replace(&spec->root, "/srv"), 0);
        spec->terminal = spec->remove = true;
        FOREACH_SETTING(s)
                assert_int_equal(setting_assign(s, spec, samples_of(s->type)->good[0], NULL), 0);
        assert_int_equal(setting_add(setting_by_name("Parameters"), spec, "", NULL), 0);

        same = spec_copy(spec);
        check_equal(spec, same);
        assert_ptr_not_equal(spec->parameters, same->parameters);
        assert_null(spec_free(NULL));
}

static void names(void **state) {
        static const char sixty_four[] = "a234567890123456789012345678901234567890123456789012345678901234";
        static const char *const good[] = { "a", "web", "web-1.example", "1", "A", sixty_four };
        static const char *const bad[] = { "",     ".",   "..",  "-a",   "a-",  "a.",  ".a", "a..b",
                                           "a.-b", "a_b", "a/b", "../a", "a b", "a\n", "ä",  "a\033" };
        _cleanup_free_ char *too_long = str_format("%sx", sixty_four);

        assert_int_equal(strlen(sixty_four), SPEC_NAME_MAX);
        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_int_equal(spec_check_name(good[i], NULL), 0);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_error_ Error error = ERROR_NULL;

                assert_int_equal(spec_check_name(bad[i], &error), -EINVAL);
                assert_int_equal(error.kind, ERROR_INVALID_NAME);
                assert_non_null(strstr(error.reason, "letters, digits"));
        }
        assert_int_equal(spec_check_name(too_long, NULL), -EINVAL);
}

static void resolved(void **state) {
        _cleanup_spec_ Spec *spec = spec_new();

        assert_false(spec_is_resolved(spec));
        assert_int_equal(str_replace(&spec->name, "web"), 0);
        assert_int_equal(str_replace(&spec->root, "/srv"), 0);
        assert_int_equal(setting_add(setting_by_name("Parameters"), spec, "true", NULL), 0);
        assert_false(spec_is_resolved(spec));
        assert_int_equal(setting_assign(setting_by_name("PrivateUsers"), spec, "524288", NULL), 0);
        assert_int_equal(setting_assign(setting_by_name("Hostname"), spec, "web", NULL), 0);
        assert_int_equal(setting_assign(setting_by_name("WorkingDirectory"), spec, "/", NULL), 0);
        assert_true(spec_is_resolved(spec));
}

static void capabilities(void **state) {
        const uint64_t raw = UINT64_C(1) << CAP_NET_RAW, chown = UINT64_C(1) << CAP_CHOWN, admin = UINT64_C(1) << CAP_SYS_ADMIN;
        _cleanup_spec_ Spec *spec = spec_new();

        assert_true((spec_effective_capabilities(spec) & (raw | chown | admin)) == (raw | chown));

        /* The host's network is not to be listened to. */
        assert_int_equal(setting_assign(setting_by_name("Network"), spec, "host", NULL), 0);
        assert_true((spec_effective_capabilities(spec) & raw) == 0);

        assert_int_equal(setting_assign(setting_by_name("Capability"), spec, "CAP_SYS_ADMIN,CAP_NET_RAW", NULL), 0);
        assert_true((spec_effective_capabilities(spec) & (raw | chown | admin)) == (raw | chown | admin));

        /* Taking away wins. */
        assert_int_equal(setting_assign(setting_by_name("DropCapability"), spec, "all", NULL), 0);
        assert_true(spec_effective_capabilities(spec) == 0);
}

int main(void) {
        const struct CMUnitTest tests[] = { TEST(copies), TEST(names), TEST(resolved), TEST(capabilities) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
