/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>

#include "property.h"
#include "setting.h"
#include "systemd-internal.h"

/* What systemd might say of init.scope, sorted. */
static char *types[] = {
        (char *) "BlockIOWeight=t",
        (char *) "CPUAccounting=b",
        (char *) "CPUShares=t",
        (char *) "DevicePolicy=s",
        (char *) "IOAccounting=b",
        (char *) "NewTimeoutUSec=t",
        (char *) "Nice=i",
        (char *) "OOMKills=t",
        (char *) "Priority=u",
        (char *) "Strange=a(ss)",
        (char *) "Wants=as",
        NULL,
};

static Systemd systemd = { .host = HOST_UNIFIED, .types = types, .types_count = ELEMENTSOF(types) - 1 };

/* A bus at whose other end nobody answers: messages are only made on it. */
static int other_end;

static sd_bus *make_bus(void) {
        sd_bus *bus;
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        other_end = fds[1];
        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_fd(bus, fds[0], fds[0]) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        return bus;
}

static void drop_bus(sd_bus *bus) {
        sd_bus_close_unref(bus);
        assert_int_equal(close(other_end), 0);
}

static sd_bus_message *begin(sd_bus *bus) {
        sd_bus_message *m;

        assert_true(sd_bus_message_new_signal(bus, &m, "/", "org.berth1.Test", "Properties") >= 0);
        assert_true(sd_bus_message_open_container(m, 'a', "(sv)") >= 0);
        return m;
}

static void finish(sd_bus_message *m) {
        assert_true(sd_bus_message_close_container(m) >= 0);
        assert_true(sd_bus_message_seal(m, 1, 0) >= 0);
        assert_true(sd_bus_message_rewind(m, true) >= 0);
        assert_true(sd_bus_message_enter_container(m, 'a', "(sv)") > 0);
}

/* The message with one property in it, at the contents of its variant; NULL where it was refused. */
static sd_bus_message *encode(sd_bus *bus, const char *assignment, const char *name, const char *type) {
        _cleanup_error_ Error error = ERROR_NULL;
        sd_bus_message *m = begin(bus);
        const char *wire;
        int r = property_append(m, &systemd, assignment, &error);

        if (r < 0) {
                assert_true(error_is_set(&error));
                sd_bus_message_unref(m);
                return NULL;
        }
        finish(m);
        assert_true(sd_bus_message_enter_container(m, 'r', "sv") > 0);
        assert_true(sd_bus_message_read_basic(m, 's', &wire) > 0);
        assert_string_equal(wire, name);
        assert_true(sd_bus_message_enter_container(m, 'v', type) > 0);
        return m;
}

static void numbers(void **state) {
        static const struct {
                const char *assignment, *name;
                char type;
                uint64_t value;
        } rows[] = {
                { "MemoryMax=64M", "MemoryMax", 't', UINT64_C(64) << 20 },
                { "MemoryMax=infinity", "MemoryMax", 't', UINT64_MAX },
                { "MemoryMax=", "MemoryMax", 't', UINT64_MAX },
                { "MemoryMax=50%", "MemoryMaxScale", 'u', 2147483648 },
                { "MemoryHigh=100%", "MemoryHighScale", 'u', UINT32_MAX },
                { "TasksMax=10%", "TasksMaxScale", 'u', 429496730 },
                { "TasksMax=100", "TasksMax", 't', 100 },
                { "CPUQuota=20%", "CPUQuotaPerSecUSec", 't', 200000 },
                { "CPUQuota=250%", "CPUQuotaPerSecUSec", 't', 2500000 },
                { "CPUQuota=", "CPUQuotaPerSecUSec", 't', UINT64_MAX },
                { "CPUQuotaPeriodSec=10ms", "CPUQuotaPeriodUSec", 't', 10000 },
                { "CPUShares=1024", "CPUWeight", 't', 100 },
                { "CPUShares=2", "CPUWeight", 't', 1 },
                { "CPUShares=512", "CPUWeight", 't', 50 },
                { "CPUShares=262144", "CPUWeight", 't', 10000 },
                { "CPUShares=", "CPUWeight", 't', UINT64_MAX },
                { "BlockIOWeight=500", "IOWeight", 't', 100 },
                { "BlockIOWeight=10", "IOWeight", 't', 2 },
                { "IOWeight=50", "IOWeight", 't', 50 },
                { "MemoryMin=1M", "MemoryMin", 't', 1 << 20 },
                { "CPUWeight=idle", "CPUWeight", 't', 0 },
                { "RuntimeMaxSec=1min", "RuntimeMaxUSec", 't', 60000000 },
                { "RuntimeMaxSec=infinity", "RuntimeMaxUSec", 't', UINT64_MAX },
                { "ManagedOOMMemoryPressureLimit=100%", "ManagedOOMMemoryPressureLimit", 'u', UINT32_MAX },
                /* By type. */
                { "IOAccounting=yes", "IOAccounting", 'b', 1 },
                { "CPUAccounting=off", "CPUAccounting", 'b', 0 },
                { "Nice=-5", "Nice", 'i', (uint32_t) -5 },
                { "Priority=7", "Priority", 'u', 7 },
                { "OOMKills=2K", "OOMKills", 't', 2048 },
                { "NewTimeoutSec=2s", "NewTimeoutUSec", 't', 2000000 },
        };
        sd_bus *bus = make_bus();

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                sd_bus_message *m = encode(bus, rows[i].assignment, rows[i].name, (char[]){ rows[i].type, 0 });
                uint64_t value = 0;

                assert_non_null(m);
                assert_true(sd_bus_message_read_basic(m, rows[i].type, &value) > 0);
                assert_true(value == rows[i].value);
                sd_bus_message_unref(m);
        }
        drop_bus(bus);
}

static void devices(void **state) {
        sd_bus *bus = make_bus();
        const char *path, *access;
        sd_bus_message *m;
        uint64_t number;

        m = encode(bus, "IOReadBandwidthMax=/dev/vda 10M", "IOReadBandwidthMax", "a(st)");
        assert_true(sd_bus_message_read(m, "a(st)", 1, &path, &number) > 0);
        assert_string_equal(path, "/dev/vda");
        assert_int_equal(number, 10000000);
        sd_bus_message_unref(m);

        m = encode(bus, "IOWriteIOPSMax=/a b 7", "IOWriteIOPSMax", "a(st)");
        assert_true(sd_bus_message_read(m, "a(st)", 1, &path, &number) > 0);
        assert_string_equal(path, "/a b");
        assert_int_equal(number, 7);
        sd_bus_message_unref(m);

        m = encode(bus, "IODeviceLatencyTargetSec=/dev/vda 25ms", "IODeviceLatencyTargetUSec", "a(st)");
        assert_true(sd_bus_message_read(m, "a(st)", 1, &path, &number) > 0);
        assert_int_equal(number, 25000);
        sd_bus_message_unref(m);

        m = encode(bus, "DeviceAllow=/dev/null rw", "DeviceAllow", "a(ss)");
        assert_true(sd_bus_message_read(m, "a(ss)", 1, &path, &access) > 0);
        assert_string_equal(path, "/dev/null");
        assert_string_equal(access, "rw");
        sd_bus_message_unref(m);

        m = encode(bus, "DeviceAllow=char-pts", "DeviceAllow", "a(ss)");
        assert_true(sd_bus_message_read(m, "a(ss)", 1, &path, &access) > 0);
        assert_string_equal(path, "char-pts");
        assert_string_equal(access, "rwm");
        sd_bus_message_unref(m);
        drop_bus(bus);
}

static void bits_and_addresses(void **state) {
        static const uint8_t cpus[] = { 0x2f, 0x01 };
        sd_bus *bus = make_bus();
        const void *bytes;
        sd_bus_message *m;
        uint32_t length;
        int32_t family;
        size_t n;

        m = encode(bus, "AllowedCPUs=0-3,5 8", "AllowedCPUs", "ay");
        assert_true(sd_bus_message_read_array(m, 'y', &bytes, &n) > 0);
        assert_int_equal(n, sizeof(cpus));
        assert_memory_equal(bytes, cpus, n);
        sd_bus_message_unref(m);

        m = encode(bus, "IPAddressDeny=10.0.0.0/8 any", "IPAddressDeny", "a(iayu)");
        assert_true(sd_bus_message_enter_container(m, 'a', "(iayu)") > 0);
        for (int i = 0; i < 3; i++) {
                assert_true(sd_bus_message_enter_container(m, 'r', "iayu") > 0);
                assert_true(sd_bus_message_read(m, "i", &family) > 0);
                assert_true(sd_bus_message_read_array(m, 'y', &bytes, &n) > 0);
                assert_true(sd_bus_message_read(m, "u", &length) > 0);
                assert_int_equal(family, i < 2 ? AF_INET : AF_INET6);
                assert_int_equal(n, i < 2 ? 4 : 16);
                assert_int_equal(length, i == 0 ? 8 : 0);
                assert_true(sd_bus_message_exit_container(m) > 0);
        }
        assert_true(sd_bus_message_at_end(m, false) > 0);
        sd_bus_message_unref(m);

        m = encode(bus, "Wants=a.service b.service", "Wants", "as");
        assert_non_null(m);
        sd_bus_message_unref(m);
        drop_bus(bus);
}

static void refused(void **state) {
        static const struct {
                const char *assignment;
                ErrorKind kind;
        } rows[] = {
                { "MemoryMax=lots", ERROR_INVALID_VALUE },       { "CPUQuota=0%", ERROR_INVALID_VALUE },
                { "CPUQuota=20", ERROR_INVALID_VALUE },          { "IOAccounting=perhaps", ERROR_INVALID_VALUE },
                { "AllowedCPUs=3-1", ERROR_INVALID_VALUE },      { "AllowedCPUs=99999", ERROR_INVALID_VALUE },
                { "IOReadBandwidthMax=/dev/vda", ERROR_INVALID_VALUE }, { "IPAddressAllow=1.2.3", ERROR_INVALID_VALUE },
                { "IPAddressAllow=1.2.3.4/33", ERROR_INVALID_VALUE },   { "Nice=-", ERROR_INVALID_VALUE },
                { "Delegate=no", ERROR_INVALID_VALUE },          { "KillMode=none", ERROR_INVALID_VALUE },
                { "Slice=a.slice", ERROR_INVALID_VALUE },        { "PIDs=1", ERROR_INVALID_VALUE },
                { "Nonsense=1", ERROR_REFUSED_BY_SYSTEMD },      { "Strange=x", ERROR_NOT_SUPPORTED },
        };
        sd_bus *bus = make_bus();

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_error_ Error error = ERROR_NULL;
                sd_bus_message *m = begin(bus);

                assert_true(property_append(m, &systemd, rows[i].assignment, &error) < 0);
                assert_int_equal(error.kind, rows[i].kind);
                sd_bus_message_unref(m);
        }
        drop_bus(bus);
}

static void of_a_spec(void **state) {
        static const struct {
                const char *setting, *value;
        } rows[] = { { "MemoryMax", "64M" },
                     { "CPUShares", "512" },
                     { "TimeoutStopSec", "5s" },
                     { "Property", "Wants=a.service" } };
        /* By the kernel's own conversion: the host has cgroup v2 alone. */
        static const char *const names[] = { "CPUWeight", "MemoryMax", "Wants" };
        _cleanup_spec_ Spec *spec = spec_new();
        sd_bus *bus = make_bus();
        sd_bus_message *m = begin(bus);
        const char *name;

        assert_false(property_spec_needs_types(&systemd, spec));
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                assert_int_equal(setting_assign(setting_by_name(rows[i].setting), spec, rows[i].value, NULL), 0);
        assert_true(property_spec_needs_types(&systemd, spec));

        assert_int_equal(property_append_spec(m, &systemd, spec, NULL), 0);
        finish(m);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                assert_true(sd_bus_message_enter_container(m, 'r', "sv") > 0);
                assert_true(sd_bus_message_read_basic(m, 's', &name) > 0);
                assert_string_equal(name, names[i]);
                assert_true(sd_bus_message_skip(m, "v") >= 0 && sd_bus_message_exit_container(m) >= 0);
        }
        assert_true(sd_bus_message_at_end(m, false) > 0);
        sd_bus_message_unref(m);
        drop_bus(bus);
}

/* The same on a host whose controllers are on cgroup v1, and on one whose systemd has dropped the older names. */
static void hosts_differ(void **state) {
        static char *bare[] = { (char *) "Nice=i", NULL };
        sd_bus *bus = make_bus();
        const Systemd before = systemd;
        sd_bus_message *m;

        systemd.host = HOST_HYBRID;
        m = encode(bus, "CPUShares=512", "CPUShares", "t");
        assert_non_null(m);
        sd_bus_message_unref(m);
        assert_null(encode(bus, "MemoryHigh=1M", "", ""));
        assert_null(encode(bus, "ManagedOOMSwap=kill", "", ""));
        m = encode(bus, "MemorySwapMax=0", "MemorySwapMax", "t");
        assert_non_null(m);
        sd_bus_message_unref(m);
        assert_true(property_needs_types(&systemd, "CPUShares"));
        assert_false(property_needs_types(&systemd, "CPUWeight"));

        systemd.types = bare;
        systemd.types_count = 1;
        m = encode(bus, "CPUShares=512", "CPUWeight", "t");
        assert_non_null(m);
        sd_bus_message_unref(m);
        m = encode(bus, "BlockIOReadBandwidth=/dev/vda 1M", "IOReadBandwidthMax", "a(st)");
        assert_non_null(m);
        sd_bus_message_unref(m);

        systemd = before;
        drop_bus(bus);
}

/* A row for each setting of the section, with a way on each kind of host that says enough. */
static void resources_are_whole(void **state) {
        FOREACH_SETTING(s)
                if (s->section == SECTION_RESOURCES && s->type != &type_properties && !resource_by_name(s->name))
                        fail_msg("%s= has no row in resource.c", s->name);

        FOREACH_RESOURCE(row) {
                assert_ptr_equal(resource_by_name(row->name), row);
                for (HostKind host = 0; host < _HOST_KIND_MAX; host++) {
                        const ResourceWay *way = &row->ways[host];

                        assert_true(way->by != RESOURCE_REFUSED || way->note);
                        assert_true(way->by != RESOURCE_TRANSLATED || row->as);
                }
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(numbers),   TEST(devices),      TEST(bits_and_addresses),  TEST(refused),
                TEST(of_a_spec), TEST(hosts_differ), TEST(resources_are_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
