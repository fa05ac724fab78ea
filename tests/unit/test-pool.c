/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "pool.h"
#include "string-util.h"

static NetworkConfig small_network(void) {
        NetworkConfig config;

        assert_int_equal(network_config_init("small", &config), 0);
        assert_int_equal(ip_parse_prefix("198.18.7.0/28", AF_INET, &config.subnet), 0);
        assert_int_equal(ip_parse_prefix("fd00:7::/64", AF_INET6, &config.subnet6), 0);
        network_config_complete(&config);
        return config;
}

static int take(int directory, const NetworkConfig *wanted, const char *seed, const char *address, PoolLease *ret, Error *error) {
        _cleanup_network_config_ NetworkConfig config = {};
        PoolWish wish = { .seed = seed };

        if (address)
                assert_int_equal(ip_parse(address, 0, strchr(address, ':') ? &wish.address6 : &wish.address), 0);
        return pool_take(directory, wanted, &wish, &config, ret, error);
}

/* All that there are, each once; then none; then the one that came back. */
static void every_address_once(void **state) {
        _cleanup_network_config_ NetworkConfig wanted = small_network();
        char path[64];
        int directory = test_directory(path);
        _cleanup_error_ Error error = ERROR_NULL;
        PoolLease leases[13], more;

        for (size_t i = 0; i < ELEMENTSOF(leases); i++) {
                assert_int_equal(take(directory, &wanted, "same-seed", NULL, &leases[i], NULL), 0);
                assert_int_equal(leases[i].address.prefix, 28);
                assert_int_equal(ip_number(&leases[i].address), ip_number(&leases[i].address6));
                for (size_t j = 0; j < i; j++)
                        assert_false(ip_equal(&leases[i].address, &leases[j].address));
                assert_false(ip_equal(&leases[i].address, &wanted.gateway));
        }
        assert_true(take(directory, &wanted, "same-seed", NULL, &more, &error) < 0);
        assert_int_equal(error.kind, ERROR_NO_RANGE);
        assert_int_equal(pool_is_leased(directory, "small"), 1);
        assert_int_equal(pool_forget(directory, "small"), -EBUSY);

        leases[5].lock = fd_close(leases[5].lock);
        assert_int_equal(take(directory, &wanted, "other", NULL, &more, NULL), 0);
        assert_true(ip_equal(&more.address, &leases[5].address));

        (void) fd_close(more.lock);
        for (size_t i = 0; i < ELEMENTSOF(leases); i++)
                (void) fd_close(leases[i].lock);
        assert_int_equal(pool_is_leased(directory, "small"), 0);
        assert_int_equal(pool_forget(directory, "small"), 1);
        assert_int_equal(pool_forget(directory, "small"), 0);
        test_directory_done(path, directory);
}

static void given_addresses(void **state) {
        static const struct {
                const char *address;
                ErrorKind kind;
        } rows[] = {
                { "198.18.7.5", ERROR_ADDRESS_TAKEN },  { "198.18.7.0", ERROR_ADDRESS_TAKEN },
                { "198.18.7.15", ERROR_ADDRESS_TAKEN }, { "198.18.7.1", ERROR_ADDRESS_TAKEN },
                { "198.18.7.16", ERROR_INVALID_VALUE }, { "fd00:8::5", ERROR_INVALID_VALUE },
                { "fd00:7::1", ERROR_ADDRESS_TAKEN },
        };
        _cleanup_network_config_ NetworkConfig wanted = small_network();
        char path[64];
        int directory = test_directory(path);
        PoolLease five, other;

        assert_int_equal(take(directory, &wanted, "a", "198.18.7.5", &five, NULL), 0);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_error_ Error error = ERROR_NULL;

                assert_true(take(directory, &wanted, "b", rows[i].address, &other, &error) < 0);
                assert_int_equal(error.kind, rows[i].kind);
                assert_non_null(strstr(error.reason, rows[i].address));
        }
        assert_int_equal(take(directory, &wanted, "c", "fd00:7::abcd:1", &other, NULL), 0);
        assert_int_equal(other.address.prefix, 28);
        (void) fd_close(other.lock);
        (void) fd_close(five.lock);
        test_directory_done(path, directory);
}

/* Takers and a forgetter at once: nobody ever has what another one has. */
static void taken_by_many(void **state) {
        enum { TAKERS = 8, ROUNDS = 200 };
        _cleanup_network_config_ NetworkConfig wanted = small_network();
        char path[64];
        int directory = test_directory(path);
        pid_t children[TAKERS + 1];

        for (size_t i = 0; i < ELEMENTSOF(children); i++) {
                children[i] = fork();
                assert_true(children[i] >= 0);
                if (children[i] > 0)
                        continue;
                for (int round = 0; round < ROUNDS; round++) {
                        char text[IP_TEXT_MAX];
                        PoolLease lease;

                        if (i == TAKERS) {
                                (void) pool_forget(directory, "small");
                                continue;
                        }
                        if (take(directory, &wanted, "seed", NULL, &lease, NULL) < 0)
                                _exit(1);
                        /* A file of the address's name is there exactly once. */
                        (void) ip_format(&lease.address, text);
                        text[0] = '.';
                        if (mkdirat(directory, text, 0700) < 0 || unlinkat(directory, text, AT_REMOVEDIR) < 0)
                                _exit(2);
                        (void) fd_close(lease.lock);
                }
                _exit(0);
        }
        for (size_t i = 0; i < ELEMENTSOF(children); i++) {
                int status;

                assert_int_equal(waitpid(children[i], &status, 0), children[i]);
                assert_int_equal(status, 0);
        }
        test_directory_done(path, directory);
}

static void configs_come_back(void **state) {
        _cleanup_network_config_ NetworkConfig config = small_network(), back = {};
        _cleanup_free_ char *text = NULL, *again = NULL;
        _cleanup_error_ Error error = ERROR_NULL;
        NetworkConfig none;

        config.mtu = 1400;
        config.isolated = config.no_icc = true;
        assert_int_equal(network_config_to_json(&config, &text), 0);
        assert_int_equal(network_config_from_json(text, &back, NULL), 0);
        assert_int_equal(network_config_to_json(&back, &again), 0);
        assert_string_equal(text, again);
        assert_true(network_config_from_json("{\"name\": \"a\", \"bridge\": \"a/b\"}", &none, &error) < 0);
        assert_true(network_config_from_json("{\"name\": \"a\", \"bridge\": \"b\", \"subnet\": \"x\"}", &none, NULL) < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(every_address_once),
                TEST(given_addresses),
                TEST(taken_by_many),
                TEST(configs_come_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
