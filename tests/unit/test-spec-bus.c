/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>

#include "samples.h"
#include "spec-bus.h"

#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)

/* Two ends of a peer-to-peer connection in one process. */
typedef struct Pair {
        sd_bus *client, *server;
        sd_bus_message *got;
} Pair;

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *reterr_error) {
        Pair *pair = userdata;

        if (sd_bus_message_is_signal(message, "org.berth1.Test", "Settings"))
                pair->got = sd_bus_message_ref(message);
        return 0;
}

static void pair_begin(Pair *pair) {
        int fds[2];

        *pair = (Pair){};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        assert_true(sd_bus_new(&pair->client) >= 0 && sd_bus_new(&pair->server) >= 0);
        assert_true(sd_bus_set_fd(pair->client, fds[0], fds[0]) >= 0 && sd_bus_set_fd(pair->server, fds[1], fds[1]) >= 0);
        assert_true(sd_bus_set_server(pair->server, true, (sd_id128_t){ .bytes = { 1 } }) >= 0);
        assert_true(sd_bus_add_filter(pair->server, NULL, on_message, pair) >= 0);
        assert_true(sd_bus_start(pair->client) >= 0 && sd_bus_start(pair->server) >= 0);
}

static void pair_end(Pair *pair) {
        (void) sd_bus_message_unref(pair->got);
        (void) sd_bus_close_unref(pair->client);
        (void) sd_bus_close_unref(pair->server);
}

static sd_bus_message *new_message(Pair *pair) {
        sd_bus_message *message;

        assert_true(sd_bus_message_new_signal(pair->client, &message, "/", "org.berth1.Test", "Settings") >= 0);
        return message;
}

/* Sends it, waits until it is at the other end, and reads the settings from it. */
static int transfer(Pair *pair, sd_bus_message *message, Spec *spec, SpecBusExtra extra, Error *error) {
        assert_true(sd_bus_send(pair->client, message, NULL) >= 0);
        for (unsigned i = 0; i < 1000 && !pair->got; i++)
                assert_true(sd_bus_process(pair->client, NULL) >= 0 && sd_bus_process(pair->server, NULL) >= 0);
        assert_non_null(pair->got);
        return spec_read_bus(spec, pair->got, extra, NULL, error);
}

static void everything_comes_back(void **state) {
        _cleanup_spec_ Spec *spec = spec_new(), *back = spec_new();
        _cleanup_message_ sd_bus_message *message = NULL;
        Pair pair;

        FOREACH_SETTING(s)
                for (const char *const *value = samples_of(s->type)->good; *value; value++)
                        assert_int_equal(setting_assign(s, spec, *value, NULL), 0);
        assert_int_equal(setting_add(setting_by_name("Parameters"), spec, "", NULL), 0);
        assert_int_equal(setting_add(setting_by_name("Parameters"), spec, "after", NULL), 0);

        pair_begin(&pair);
        message = new_message(&pair);
        assert_true(sd_bus_message_open_container(message, 'a', "{sv}") >= 0);
        assert_int_equal(spec_append_bus(spec, message), 0);
        assert_true(sd_bus_message_close_container(message) >= 0);
        assert_int_equal(transfer(&pair, message, back, NULL, NULL), 0);
        assert_int_equal(sd_bus_message_at_end(pair.got, true), 1);

        assert_memory_equal(back->assigned, spec->assigned, sizeof(spec->assigned));
        FOREACH_SETTING(s) {
                _cleanup_free_ char *a = setting_text(s, spec), *b = setting_text(s, back);

                assert_string_equal(a, b);
        }
        pair_end(&pair);
}

static void only_what_was_assigned(void **state) {
        _cleanup_spec_ Spec *spec = spec_new(), *back = spec_new();
        _cleanup_message_ sd_bus_message *message = NULL;
        Pair pair;

        pair_begin(&pair);
        message = new_message(&pair);
        assert_true(sd_bus_message_open_container(message, 'a', "{sv}") >= 0);
        assert_int_equal(spec_append_bus(spec, message), 0);
        assert_true(sd_bus_message_close_container(message) >= 0);
        assert_int_equal(transfer(&pair, message, back, NULL, NULL), 0);
        assert_null(memchr(back->assigned, true, sizeof(back->assigned)));
        pair_end(&pair);
}

/* What busctl and bindings send: any basic type that says the same. */
static void other_types(void **state) {
        _cleanup_message_ sd_bus_message *message = NULL;
        _cleanup_spec_ Spec *spec = spec_new();
        Pair pair;

        pair_begin(&pair);
        message = new_message(&pair);
        assert_true(sd_bus_message_append(message, "a{sv}", 7, "ReadOnly", "s", "yes", "Ephemeral", "b", true, "CPUShares", "t",
                                          UINT64_C(512), "TasksMax", "u", 5, "MemoryMax", "x", INT64_C(65536), "Environment", "s",
                                          "A=1", "Capability", "as", 2, "CAP_SYS_TIME", "CAP_NET_ADMIN") >= 0);
        assert_int_equal(transfer(&pair, message, spec, NULL, NULL), 0);
        assert_true(spec->read_only && spec->ephemeral);
        assert_string_equal(spec->cpu_shares, "512");
        assert_string_equal(spec->tasks_max, "5");
        assert_string_equal(spec->memory_max, "65536");
        assert_string_equal(spec->environment[0], "A=1");
        assert_int_equal(__builtin_popcountll(spec->capability), 2);
        pair_end(&pair);
}

static int take_remove(const char *key, sd_bus_message *message, void *userdata, Error *error) {
        int value;

        if (!streq(key, "Remove"))
                return 0;
        return sd_bus_message_read_basic(message, 'b', &value) < 0 ? -EINVAL : 1;
}

/* One entry {KEY: a value of that type}, and how reading it fails. */
static void check_refused(const char *key, const char *type, const char *value, ErrorKind kind, const char *said) {
        _cleanup_message_ sd_bus_message *message = NULL;
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_spec_ Spec *spec = spec_new();
        Pair pair;

        pair_begin(&pair);
        message = new_message(&pair);
        if (streq(type, "as"))
                assert_true(sd_bus_message_append(message, "a{sv}", 1, key, "as", 1, value) >= 0);
        else if (streq(type, "ay"))
                assert_true(sd_bus_message_append(message, "a{sv}", 1, key, "ay", 1, 5) >= 0);
        else
                assert_true(sd_bus_message_append(message, "a{sv}", 1, key, type, value) >= 0);

        assert_true(transfer(&pair, message, spec, take_remove, &error) < 0);
        assert_int_equal(error.kind, kind);
        if (error.object)
                assert_string_equal(error.object, key);
        assert_non_null(strstr(error.reason, said));
        pair_end(&pair);
}

static void refused(void **state) {
        check_refused("Nonsense", "s", "x", ERROR_UNKNOWN_SETTING, "there is no such setting");
        check_refused("MemoryMx", "s", "1M", ERROR_UNKNOWN_SETTING, "MemoryMax");
        check_refused("MemoryMax", "s", "many", ERROR_INVALID_VALUE, "'many' is not a size");
        check_refused("MemoryMax", "as", "1M", ERROR_INVALID_VALUE, "send 's'");
        check_refused("Environment", "ay", NULL, ERROR_INVALID_VALUE, "send 'as'");
        check_refused("Environment", "as", "", ERROR_INVALID_VALUE, "NAME=VALUE");
}

static void extra_keys(void **state) {
        _cleanup_message_ sd_bus_message *message = NULL;
        _cleanup_spec_ Spec *spec = spec_new();
        Pair pair;

        pair_begin(&pair);
        message = new_message(&pair);
        assert_true(sd_bus_message_append(message, "a{sv}", 2, "Remove", "b", true, "ReadOnly", "b", true) >= 0);
        assert_int_equal(transfer(&pair, message, spec, take_remove, NULL), 0);
        assert_true(spec->read_only);
        pair_end(&pair);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(everything_comes_back), TEST(only_what_was_assigned), TEST(other_types), TEST(refused), TEST(extra_keys),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
