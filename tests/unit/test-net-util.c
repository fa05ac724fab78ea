/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <sys/socket.h>

#include "net-util.h"

static IpAddress prefix(const char *text) {
        IpAddress a;

        assert_int_equal(ip_parse_prefix(text, 0, &a), 0);
        return a;
}

static void addresses_are_read_and_written(void **state) {
        static const char *const good[] = { "10.0.0.1/8", "0.0.0.0/0", "fd00::1/64", "::/0", "255.255.255.255/32" };
        static const char *const bad[] = { "10.0.0.1",    "10.0.0.1/", "10.0.0.1/33", "fd00::/129",
                                           "10.0.0.1/-1", "/8",        "a/8",         "10.0.0.1/ 8" };
        char buffer[IP_TEXT_MAX];
        IpAddress a;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                a = prefix(good[i]);
                assert_string_equal(ip_format_prefix(&a, buffer), good[i]);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_true(ip_parse_prefix(bad[i], 0, &a) < 0);
        assert_true(ip_parse("10.0.0.1", AF_INET6, &a) < 0);
        assert_true(ip_parse("::1", AF_INET, &a) < 0);
        assert_int_equal(ip_parse("::1", 0, &a), 0);
        assert_int_equal(a.prefix, 128);
}

static void networks(void **state) {
        IpAddress a = prefix("10.1.255.3/20"), b = prefix("fd00::1:2:3:4/65"), n;
        char buffer[IP_TEXT_MAX];

        n = ip_network(&a);
        assert_string_equal(ip_format_prefix(&n, buffer), "10.1.240.0/20");
        assert_int_equal(ip_number(&a), 0xf03);
        assert_int_equal(ip_count(&a), 4096);
        n = ip_nth(&a, 0xfff);
        assert_string_equal(ip_format(&n, buffer), "10.1.255.255");
        /* What is beyond the network does not leave it. */
        n = ip_nth(&a, 0x1001);
        assert_string_equal(ip_format(&n, buffer), "10.1.240.1");

        n = ip_network(&b);
        assert_string_equal(ip_format_prefix(&n, buffer), "fd00::/65");
        n = ip_nth(&n, ip_number(&b));
        assert_true(ip_equal(&n, &b));
}

static void overlaps(void **state) {
        static const struct {
                const char *a, *b;
                bool overlap;
        } rows[] = {
                { "10.0.0.0/8", "10.200.3.0/24", true },   { "10.0.0.0/9", "10.200.3.0/24", false },
                { "0.0.0.0/0", "10.0.0.1/32", true },      { "10.0.0.1/32", "10.0.0.1/32", true },
                { "10.0.0.0/31", "10.0.0.2/31", false },   { "fd00::/8", "fdff::1/128", true },
                { "fd00::/64", "fd00:0:0:1::/64", false }, { "::/0", "0.0.0.0/0", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                IpAddress a = prefix(rows[i].a), b = prefix(rows[i].b);

                assert_int_equal(ip_overlap(&a, &b), rows[i].overlap);
                assert_int_equal(ip_overlap(&b, &a), rows[i].overlap);
        }
        assert_false(ip_overlap(&(IpAddress){}, &(IpAddress){}));
}

static void hardware_addresses(void **state) {
        uint8_t mac[MAC_SIZE];
        char buffer[MAC_TEXT_MAX];

        assert_int_equal(mac_parse("02:aB:00:00:00:01", mac), 0);
        assert_string_equal(mac_format(mac, buffer), "02:ab:00:00:00:01");
        assert_true(mac_parse("03:00:00:00:00:01", mac) < 0);
        assert_true(mac_parse("02:00:00:00:00:0", mac) < 0);
        assert_true(mac_parse("02:00:00:00:00:01:", mac) < 0);
}

static void names_of_interfaces(void **state) {
        char a[INTERFACE_NAME_MAX + 1], b[INTERFACE_NAME_MAX + 1], again[INTERFACE_NAME_MAX + 1];

        assert_true(interface_name_make("ve-", "web", a));
        assert_string_equal(a, "ve-web");
        assert_true(interface_name_make("ve-", "twelve-chars", a));
        assert_string_equal(a, "ve-twelve-chars");

        assert_false(interface_name_make("ve-", "a-very-long-machine-name-1", a));
        assert_false(interface_name_make("ve-", "a-very-long-machine-name-2", b));
        assert_false(interface_name_make("ve-", "a-very-long-machine-name-1", again));
        assert_string_not_equal(a, b);
        assert_string_equal(a, again);
        assert_true(interface_name_is_valid(a));
        assert_non_null(startswith(a, "ve-a-very"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(addresses_are_read_and_written), TEST(networks), TEST(overlaps), TEST(hardware_addresses),
                TEST(names_of_interfaces),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
