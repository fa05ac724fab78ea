/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "hosts.h"
#include "setting.h"
#include "string-util.h"

static Spec *on_network(const char *network) {
        Spec *spec = spec_new();

        assert_int_equal(str_replace(&spec->name, "web"), 0);
        assert_int_equal(str_replace(&spec->hostname, "web.example"), 0);
        assert_int_equal(str_replace(&spec->link.network, network), 0);
        assert_int_equal(str_replace(&spec->link.address, "198.51.100.5/24"), 0);
        assert_int_equal(str_replace(&spec->link.address6, "2001:db8::5/64"), 0);
        assert_int_equal(str_replace(&spec->link.gateway, "198.51.100.1"), 0);
        return spec;
}

static void own_names_before_others(void **state) {
        _cleanup_spec_ Spec *spec = on_network("team");
        _cleanup_free_ char *text = NULL;

        assert_int_equal(setting_assign(setting_by_name("AddHost"), spec, "far=192.0.2.9", NULL), 0);
        assert_int_equal(setting_assign(setting_by_name("AddHost"), spec, "out:host-gateway", NULL), 0);
        text = hosts_render(spec, NULL, (char *[]){ (char *) "198.51.100.6\tdb\n", NULL });
        assert_string_equal(text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
                                  "198.51.100.5\tweb web.example\n2001:db8::5\tweb web.example\n"
                                  "192.0.2.9\tfar\n198.51.100.1\tout\n198.51.100.6\tdb\n");
}

static void the_hosts_own_file_comes_first(void **state) {
        _cleanup_spec_ Spec *spec = spec_new();
        _cleanup_free_ char *text = NULL;

        assert_int_equal(setting_assign(setting_by_name("AddHost"), spec, "far:2001:db8::9", NULL), 0);
        text = hosts_render(spec, "127.0.0.1 localhost here\n", NULL);
        assert_string_equal(text, "127.0.0.1 localhost here\n2001:db8::9\tfar\n");
}

static void who_is_told_of_whom(void **state) {
        _cleanup_spec_ Spec *named = on_network("team"), *zone = on_network("zone:a"), *usual = on_network("berth0"),
                            *none = spec_new();

        assert_true(hosts_are_shared(named) && hosts_are_shared(zone));
        assert_false(hosts_are_shared(usual) || hosts_are_shared(none));
        assert_true(hosts_are_shown(named) && hosts_are_shown(usual));
        assert_false(hosts_are_shown(none));
        usual->boot = named->boot = true;
        assert_true(hosts_are_shown(named));
        assert_false(hosts_are_shown(usual));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(own_names_before_others),
                TEST(the_hosts_own_file_comes_first),
                TEST(who_is_told_of_whom),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
