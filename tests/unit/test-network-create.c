/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <sys/socket.h>

#include "network-create.h"
#include "pool.h"
#include "store.h"
#include "string-util.h"
#include "strv.h"

/* Networks of documentation (RFC 5737, RFC 3849): no host has a route to them. */

typedef struct Folders {
        char path[64];
        int fd;
        char *run, *state;
} Folders;

static Folders make_folders(void) {
        Folders f;

        f.fd = test_directory(f.path);
        f.run = str_format("%s/run", f.path);
        f.state = str_format("%s/state", f.path);
        return f;
}

static void remove_folders(Folders *f) {
        free(f->run);
        free(f->state);
        test_directory_done(f->path, f->fd);
}

static int create(const Folders *f, const char *name, const char *subnets, const char *gateways, Error *error) {
        _cleanup_network_options_ NetworkOptions options = NETWORK_OPTIONS_DEFAULT;

        if (subnets)
                assert_int_equal(type_prefixes.parse(&options.subnets, subnets), 0);
        if (gateways)
                assert_int_equal(type_addresses.parse(&options.gateways, gateways), 0);
        return network_create(f->run, f->state, name, &options, error);
}

static void refused(const Folders *f, const char *name, const char *subnets, const char *gateways, ErrorKind kind) {
        _cleanup_error_ Error error = ERROR_NULL;

        assert_true(create(f, name, subnets, gateways, &error) < 0);
        assert_int_equal(error.kind, kind);
}

static void what_was_given_is_kept(void **state) {
        _cleanup_network_config_ NetworkConfig config = {};
        Folders f = make_folders();
        NetworkKind kind;
        char buffer[IP_TEXT_MAX];

        assert_int_equal(create(&f, "web", "198.51.100.7/24,2001:db8:7::/64", "198.51.100.254", NULL), 0);
        assert_int_equal(network_look_up(f.run, f.state, "web", &config, &kind), 0);
        assert_int_equal(kind, NETWORK_KIND_CREATED);
        assert_string_equal(config.bridge, "br-web");
        assert_string_equal(ip_format_prefix(&config.subnet, buffer), "198.51.100.0/24");
        assert_string_equal(ip_format(&config.gateway, buffer), "198.51.100.254");
        assert_string_equal(ip_format(&config.gateway6, buffer), "2001:db8:7::1");
        remove_folders(&f);
}

static void no_two_overlap(void **state) {
        _cleanup_network_config_ NetworkConfig a = {}, b = {};
        Folders f = make_folders();
        NetworkKind kind;

        assert_int_equal(create(&f, "one", "198.51.100.0/24", NULL, NULL), 0);
        refused(&f, "one", NULL, NULL, ERROR_NETWORK_EXISTS);
        refused(&f, "two", "198.51.100.128/25", NULL, ERROR_ADDRESS_TAKEN);
        refused(&f, "two", "198.51.0.0/16", NULL, ERROR_ADDRESS_TAKEN);

        assert_int_equal(create(&f, "two", NULL, NULL, NULL), 0);
        assert_int_equal(create(&f, "three", NULL, NULL, NULL), 0);
        assert_int_equal(network_look_up(f.run, f.state, "two", &a, &kind), 0);
        assert_int_equal(network_look_up(f.run, f.state, "three", &b, &kind), 0);
        assert_true(ip_is_set(&a.subnet) && ip_is_set(&a.subnet6) && ip_is_set(&a.gateway) && ip_is_set(&b.gateway6));
        assert_false(ip_overlap(&a.subnet, &b.subnet));
        assert_false(ip_overlap(&a.subnet6, &b.subnet6));
        remove_folders(&f);
}

static void bad_ones_are_refused(void **state) {
        Folders f = make_folders();

        refused(&f, "host", NULL, NULL, ERROR_INVALID_NAME);
        refused(&f, "../x", NULL, NULL, ERROR_INVALID_NAME);
        refused(&f, "x", "198.51.100.0/31", NULL, ERROR_INVALID_VALUE);
        refused(&f, "x", "198.51.100.0/24,203.0.113.0/24", NULL, ERROR_INVALID_VALUE);
        refused(&f, "x", "198.51.100.0/24", "203.0.113.1", ERROR_INVALID_VALUE);
        refused(&f, "x", "198.51.100.0/24", "198.51.100.0", ERROR_INVALID_VALUE);
        refused(&f, "x", "198.51.100.0/24", "198.51.100.255", ERROR_INVALID_VALUE);
        refused(&f, "x", "198.51.100.0/24", "198.51.100.1,198.51.100.2", ERROR_INVALID_VALUE);
        refused(&f, "x", NULL, "198.51.100.1", ERROR_INVALID_VALUE);
        remove_folders(&f);
}

static void listed_and_removed(void **state) {
        _cleanup_strv_free_ char **names = NULL, **left = NULL;
        NetworkConfig config = {};
        Folders f = make_folders();
        NetworkKind kind;

        assert_int_equal(create(&f, "b", NULL, NULL, NULL), 0);
        assert_int_equal(create(&f, "a", NULL, NULL, NULL), 0);
        assert_int_equal(network_list(f.run, f.state, &names), 0);
        assert_true(strv_equal(names, (char *[]){ (char *) NETWORK_DEFAULT, (char *) "a", (char *) "b", NULL }));
        assert_int_equal(store_remove(f.state, "a"), 0);
        assert_int_equal(store_remove(f.state, "a"), -ENOENT);
        assert_int_equal(network_list(f.run, f.state, &left), 0);
        assert_int_equal(strv_length(left), 2);
        assert_int_equal(network_look_up(f.run, f.state, "a", &config, &kind), -ENOENT);
        remove_folders(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(what_was_given_is_kept),
                TEST(no_two_overlap),
                TEST(bad_ones_are_refused),
                TEST(listed_and_removed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
