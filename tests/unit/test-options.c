/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <ctype.h>

#include "options.h"
#include "output.h"
#include "string-util.h"
#include "strv.h"

typedef struct Values {
        bool all, quiet;
        char *text;
        JsonMode json;
} Values;

static const Option rows[] = {
        { "all|a", &type_boolean, offsetof(Values, all), "All" },
        { "quiet|q", &type_boolean, offsetof(Values, quiet), "Quiet" },
        { "text|string|s", &type_string, offsetof(Values, text), "Text" },
        { "json", &type_json_mode, offsetof(Values, json), "JSON" },
        {},
};

/* What a line of words is read as. The spec is there where settings are taken. */
typedef struct Reading {
        Values values;
        Spec *spec;
        char *operands;
        Error error;
        int r;
} Reading;

static Reading read_line(const char *line, bool takes_settings, bool in_order) {
        _cleanup_strv_free_ char **words = NULL;
        _cleanup_free_ char **operands = NULL;
        Reading reading = { .spec = takes_settings ? spec_new() : NULL, .error = ERROR_NULL };
        OptionTarget target = { rows, &reading.values, reading.spec, NULL, in_order };

        assert_int_equal(strv_split(line, " ", &words), 0);
        if (!words)
                words = calloc(1, sizeof(char *));
        reading.r = options_parse(&target, words, &operands, &reading.error);
        if (reading.r == 0)
                reading.operands = strv_join(operands, " ");
        return reading;
}

static void reading_done(Reading *reading) {
        options_clear(rows, &reading->values);
        assert_null(reading->values.text);
        reading->spec = spec_free(reading->spec);
        free(reading->operands);
        error_done(&reading->error);
}
#define _cleanup_reading_ _cleanup_(reading_done)

static void every_form(void **state) {
        static const struct {
                const char *line;
                bool all, quiet;
                const char *text, *operands;
        } lines[] = {
                { "", false, false, NULL, "" },
                { "x y", false, false, NULL, "x y" },
                { "--all", true, false, NULL, "" },
                { "--all=no --quiet=yes", false, true, NULL, "" },
                { "--all --all=off", false, false, NULL, "" },
                { "-a", true, false, NULL, "" },
                { "-aq", true, true, NULL, "" },
                { "-qa=no", false, true, NULL, "" },
                { "--text=v", false, false, "v", "" },
                { "--text v", false, false, "v", "" },
                { "--string=v --text=w", false, false, "w", "" },
                { "--text=", false, false, "", "" },
                { "--text=a=b", false, false, "a=b", "" },
                { "-s v", false, false, "v", "" },
                { "-sv", false, false, "v", "" },
                { "-s=v", false, false, "v", "" },
                { "-as v", true, false, "v", "" },
                { "-asq", true, false, "q", "" },
                { "-s -a", false, false, "-a", "" },
                { "--text --all", false, false, "--all", "" },
                { "x -a y", true, false, NULL, "x y" },
                { "-a -- -q --text", true, false, NULL, "-q --text" },
                { "-- --", false, false, NULL, "--" },
                { "- -a", true, false, NULL, "-" },
        };

        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                _cleanup_reading_ Reading got = read_line(lines[i].line, false, false);

                if (got.r != 0 || got.values.all != lines[i].all || got.values.quiet != lines[i].quiet ||
                    !streq_ptr(got.values.text, lines[i].text) || !streq(got.operands, lines[i].operands))
                        fail_msg("'%s' is read wrongly", lines[i].line);
        }
}

/* A command's own options are not eaten. */
static void first_operand_ends_options(void **state) {
        _cleanup_reading_ Reading got = read_line("-a tree sh -q --text=x -- y", false, true);

        assert_int_equal(got.r, 0);
        assert_true(got.values.all);
        assert_false(got.values.quiet);
        assert_null(got.values.text);
        assert_string_equal(got.operands, "tree sh -q --text=x -- y");
}

static void double_dash_before_the_operands(void **state) {
        _cleanup_reading_ Reading got = read_line("-a -- tree -- sh -q", false, true);

        assert_string_equal(got.operands, "tree -- sh -q");
}

static void settings_are_options(void **state) {
        static const char line[] = "-m64M -c 512 -e A=1 --env B=2 --private-network=no --read-only -xa --cap-add net_admin "
                                   "--property=IOAccounting=yes --property=IOWeight=5 -h host tree -m 1G";
        _cleanup_reading_ Reading got = read_line(line, true, true);

        assert_int_equal(got.r, 0);
        assert_true(got.values.all);
        assert_string_equal(got.spec->memory_max, "64M");
        assert_string_equal(got.spec->cpu_shares, "512");
        assert_int_equal(strv_length(got.spec->environment), 2);
        assert_false(got.spec->private_network);
        assert_true(got.spec->read_only && got.spec->ephemeral);
        assert_true(got.spec->capability != 0);
        assert_string_equal(got.spec->property[0], "IOAccounting=yes");
        assert_int_equal(strv_length(got.spec->property), 1);
        /* One that has a setting of its own is that. */
        assert_string_equal(got.spec->io_weight, "5");
        assert_string_equal(got.spec->hostname, "host");
        assert_string_equal(got.operands, "tree -m 1G");
}

/* "-e NAME" passes the caller's own on, and nothing where there is none. */
static void environment_of_the_caller(void **state) {
        _cleanup_reading_ Reading got = {};

        assert_int_equal(setenv("BERTH_TEST", "a b=c", 1), 0);
        assert_int_equal(unsetenv("BERTH_NONE"), 0);
        got = read_line("-e BERTH_TEST --setenv=BERTH_NONE", true, true);
        assert_int_equal(got.r, 0);
        assert_int_equal(strv_length(got.spec->environment), 1);
        assert_string_equal(got.spec->environment[0], "BERTH_TEST=a b=c");
}

static void help(void **state) {
        static const char *const lines[] = { "--help", "-a --help x", "-h", "-ah" };

        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                _cleanup_reading_ Reading got = read_line(lines[i], false, false);

                assert_int_equal(got.r, 1);
        }

        /* Not where a setting has the letter, nor for a command. */
        {
                _cleanup_reading_ Reading host = read_line("-h web", true, true);
                _cleanup_reading_ Reading command = read_line("tree ls --help", true, true);

                assert_int_equal(host.r, 0);
                assert_string_equal(host.spec->hostname, "web");
                assert_int_equal(command.r, 0);
        }
        assert_false(options_have_letter(rows, false, NULL, 'h'));
        assert_true(options_have_letter(rows, true, NULL, 'h'));
        assert_true(options_have_letter(rows, false, NULL, 'a'));
}

static void refused(void **state) {
        static const struct {
                const char *line, *object, *said;
        } lines[] = {
                { "--al", "--al", "did you mean --all?" },
                { "--memroy=5", "--memroy", "did you mean --memory?" },
                { "--a", "--a", "there is no such option" },
                { "--frobnicate-it-all", "--frobnicate-it-all", "--help lists them" },
                { "-z", "-z", "there is no such option" },
                { "-az", "-z", "there is no such option" },
                { "--=x", "--", "there is no such option" },
                { "--text", "--text", "it needs a value" },
                { "-s", "-s", "it needs a value" },
                { "-m", "-m", "it needs a value: a size in bytes" },
                { "--all=maybe", "--all", "'maybe' is not a boolean" },
                { "-a=maybe", "-a", "'maybe' is not a boolean" },
                { "--json=xml", "--json", "'xml' is not short, pretty or off" },
                { "-mlots", "-m", "'lots' is not a size in bytes" },
                { "--read-only=5", "--read-only", "'5' is not a boolean" },
                { "-e 1=2", "-e", "'1=2' is not NAME=VALUE" },
        };

        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                _cleanup_reading_ Reading got = read_line(lines[i].line, true, true);

                if (got.r >= 0 || !streq_ptr(got.error.object, lines[i].object) ||
                    !strstr(strempty(got.error.reason), lines[i].said))
                        fail_msg("'%s': %s '%s'", lines[i].line, strempty(got.error.object), strempty(got.error.reason));
                assert_int_equal(got.error.kind, ERROR_INVALID_VALUE);
        }
}

/* "NAME=VALUE" of each setting that LINE comes to, in the order of the table. */
static char *settings_of(const Spec *spec) {
        _cleanup_strv_free_ char **all = NULL;

        FOREACH_SETTING(s) {
                _cleanup_free_ char *text = NULL;
                _cleanup_strv_free_ char **items = NULL;

                if (!setting_is_assigned(s, spec))
                        continue;
                if (s->type->list)
                        assert_int_equal(s->type->format_list(setting_field_const(s, spec), &items), 0);
                else
                        assert_int_equal(s->type->format(setting_field_const(s, spec), &text), 0);
                if (s->type->list)
                        text = strv_join(items, ",");
                assert_int_equal(strv_consume(&all, str_format("%s=%s", s->name, text)), 0);
        }
        return all ? strv_join(all, " ") : strdup("");
}

/* Options that come to other settings than their name says. */
static void as_docker_has_them(void **state) {
        static const struct {
                const char *line, *settings;
        } lines[] = {
                /* Memory alone bounds swap as well; the total is that of both. */
                { "-m 64M", "MemoryMax=64M MemorySwapMax=64M" },
                { "--memory-max=64M", "MemoryMax=64M" },
                { "-m 64M --memory-swap=64M", "MemoryMax=64M MemorySwapMax=0" },
                { "--memory-swap=96M -m 64M", "MemoryMax=64M MemorySwapMax=33554432" },
                { "-m 64m --memory-swap=-1", "MemoryMax=64m MemorySwapMax=infinity" },
                { "-m 64M --memory-swap=0", "MemoryMax=64M MemorySwapMax=64M" },
                { "-m 64M --memory-swap-max=1M", "MemoryMax=64M MemorySwapMax=1M" },
                { "--memory-max=64M --memory-swap=96M", "MemoryMax=64M MemorySwapMax=33554432" },
                { "-m 64M --property=MemorySwapMax=0", "MemoryMax=64M MemorySwapMax=0" },
                { "--memory-reservation=32M", "MemoryLow=32M" },
                { "--cpus=1.5", "CPUQuota=150.00%" },
                { "--cpus=0.05", "CPUQuota=5.00%" },
                { "--cpu-quota=50000", "CPUQuota=50.00%" },
                { "--cpu-quota=50%", "CPUQuota=50%" },
                { "--cpu-period=50000 --cpu-quota=25000", "CPUQuota=50.00% CPUQuotaPeriodSec=50000us" },
                { "--cpu-quota=-1", "" },
                { "-c 512 --cpuset-cpus=0-1 --cpuset-mems=0", "CPUShares=512 AllowedCPUs=0-1 AllowedMemoryNodes=0" },
                { "--blkio-weight=300", "BlockIOWeight=300" },
                { "--device-read-bps=/dev/vda:1mb", "IOReadBandwidthMax=/dev/vda 1048576" },
                { "--device-write-bps /dev/vda:2k", "IOWriteBandwidthMax=/dev/vda 2048" },
                { "--device-read-iops=/dev/vda:10 --device-write-iops=/dev/vdb:20",
                  "IOReadIOPSMax=/dev/vda 10 IOWriteIOPSMax=/dev/vdb 20" },
                { "--pids-limit=50", "TasksMax=50" },
                { "--pids-limit=-1", "TasksMax=infinity" },
                { "--tasks-max=10 --pids-limit=50", "TasksMax=10" },
        };
        static const char *const bad[] = {
                "--memory-swap=64M", "-m 64M --memory-swap=32M", "--cpus=x",          "--cpus=0",
                "--cpus=1..5",       "--cpus=1 --cpu-quota=5",   "--cpu-quota=x",     "--device-read-bps=/dev/vda",
                "--pids-limit=x",    "--device-read-bps=:1mb",   "--blkio-weight=5",  "--cpu-quota=50000 --cpu-period=9",
        };

        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                _cleanup_reading_ Reading got = read_line(lines[i].line, true, true);
                _cleanup_free_ char *come_to = NULL;

                assert_int_equal(got.r, 0);
                come_to = settings_of(got.spec);
                assert_string_equal(come_to, lines[i].settings);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_reading_ Reading got = read_line(bad[i], true, true);

                if (got.r >= 0)
                        fail_msg("'%s' is taken", bad[i]);
                assert_int_equal(got.error.kind, ERROR_INVALID_VALUE);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(every_form),
                TEST(first_operand_ends_options),
                TEST(double_dash_before_the_operands),
                TEST(settings_are_options),
                TEST(as_docker_has_them),
                TEST(environment_of_the_caller),
                TEST(help),
                TEST(refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
