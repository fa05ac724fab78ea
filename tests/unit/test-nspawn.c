/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "nspawn-options.h"
#include "string-util.h"
#include "strv.h"

typedef struct Reading {
        NspawnCall call;
        char **words;
        Error error;
        int r;
} Reading;

static Reading read_line(const char *line) {
        Reading reading = { .call = { .spec = spec_new() }, .error = ERROR_NULL };

        assert_int_equal(strv_split(line, " ", &reading.words), 0);
        if (!reading.words)
                reading.words = calloc(1, sizeof(char *));
        reading.r = nspawn_options_parse(&reading.call, reading.words, &reading.error);
        return reading;
}

static void reading_done(Reading *reading) {
        nspawn_call_done(&reading->call);
        strv_free(reading->words);
        error_done(&reading->error);
}
#define _cleanup_reading_ _cleanup_(reading_done)

/* Each row has somebody who does it and words to tell it by. */
static void rows_are_whole(void **state) {
        FOREACH_NSPAWN_OPTION(o) {
                assert_non_null(nspawn_option_type(o));
                assert_non_null(nspawn_option_help(o));
                assert_true(o->fate == NSPAWN_DONE || o->note);
                assert_true(o->argument != NSPAWN_SWITCH || o->value || o->type || nspawn_option_type(o) == &type_boolean ||
                            nspawn_option_type(o) == &type_private_network);
        }
        FOREACH_NSPAWN_DEFAULT(d) {
                _cleanup_spec_ Spec *spec = spec_new();

                assert_non_null(setting_by_name(d->setting));
                assert_true(setting_assign(setting_by_name(d->setting), spec, d->value, NULL) >= 0);
        }
}

/* No name is two rows'. */
static void names_are_of_one_row(void **state) {
        FOREACH_NSPAWN_OPTION(o) {
                const char *names = o->names, *name;
                size_t n;

                while ((name = names_next(&names, &n))) {
                        _cleanup_free_ char *word = str_format("%s%.*s", n > 1 ? "--" : "-", (int) n, name);

                        assert_ptr_equal(nspawn_option_find(word), o);
                }
        }
}

/* What the options of systemd-nspawn come to, as a settings row and its value. */
static const struct {
        const char *line, *setting, *value;
} lines[] = {
        { "-b", "Boot", "yes" },
        { "--boot", "Boot", "yes" },
        { "-a", "ProcessTwo", "yes" },
        { "--as-pid2", "ProcessTwo", "yes" },
        { "-x", "Ephemeral", "yes" },
        { "--read-only", "ReadOnly", "yes" },
        { "--volatile", "Volatile", "yes" },
        { "--volatile=state", "Volatile", "state" },
        { "--chdir=/srv", "WorkingDirectory", "/srv" },
        { "-E A=b", "Environment", "A=b" },
        { "-EA=b", "Environment", "A=b" },
        { "--setenv=A=b --setenv C=d", "Environment", "A=b|C=d" },
        { "-u nobody", "User", "nobody" },
        { "--uid=nobody", "User", "nobody" },
        { "--kill-signal=SIGRTMIN+3", "KillSignal", "SIGRTMIN+3" },
        { "--notify-ready=yes", "NotifyReady", "yes" },
        { "--hostname=other", "Hostname", "other" },
        { "--uuid=0123456789abcdef0123456789abcdef", "MachineID", "0123456789abcdef0123456789abcdef" },
        { "-S system.slice", "Slice", "system.slice" },
        { "--property=CPUQuotaPeriodSec=1s", "CPUQuotaPeriodSec", "1s" },
        { "--property=Description=x", "Property", "Description=x" },
        { "--register=no", "Register", "no" },
        { "--private-users-chown", "PrivateUsersOwnership", "chown" },
        { "--private-users-ownership=off", "PrivateUsersOwnership", "off" },
        { "--private-network", "Private", "yes" },
        { "-n", "VirtualEthernet", "yes" },
        { "--network-bridge=br0", "Bridge", "br0" },
        { "--network-zone=a", "Zone", "a" },
        { "--network-namespace-path=/run/netns/a", "NamespacePath", "/run/netns/a" },
        { "--network-veth-extra=a:b", "VirtualEthernetExtra", "a:b" },
        { "-p tcp:80:8080", "Port", "80:8080/tcp" },
        { "--capability=CAP_NET_ADMIN,CAP_SYS_TIME", "Capability", "CAP_NET_ADMIN|CAP_SYS_TIME" },
        { "--drop-capability=CAP_CHOWN", "DropCapability", "CAP_CHOWN" },
        { "--no-new-privileges=yes", "NoNewPrivileges", "yes" },
        { "--rlimit=RLIMIT_NOFILE=100:200", "LimitNOFILE", "100:200" },
        { "--rlimit=NOFILE=100", "LimitNOFILE", "100" },
        { "--oom-score-adjust=100", "OOMScoreAdjust", "100" },
        { "--resolv-conf=off", "ResolvConf", "off" },
        { "--timezone=copy", "Timezone", "copy" },
        { "-j", "LinkJournal", "try-guest" },
        { "--link-journal=no", "LinkJournal", "no" },
        { "--bind=/etc", "Bind", "/etc" },
        { "--bind-ro=/etc:/x", "BindReadOnly", "/etc:/x" },
        { "--tmpfs=/x", "TemporaryFileSystem", "/x" },
        { "--inaccessible=/x", "Inaccessible", "/x" },
        { "--set-credential=a:b", "SetCredential", "a:b" },
        { "-qbxj", "Boot", "yes" },
        /* As getopt_long(3) has it. */
        { "--link-j=no", "LinkJournal", "no" },
        { "--eph", "Ephemeral", "yes" },
};

static void options_are_settings(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                _cleanup_reading_ Reading reading = read_line(lines[i].line);
                const Setting *s = setting_by_name(lines[i].setting);
                _cleanup_free_ char *value = NULL;

                if (reading.r < 0)
                        fail_msg("%s: %s", lines[i].line, reading.error.reason);
                if (!setting_is_assigned(s, reading.call.spec))
                        fail_msg("%s: no %s", lines[i].line, lines[i].setting);
                value = setting_format(s, reading.call.spec, "|");
                if (strcasecmp(value, lines[i].value) != 0)
                        fail_msg("%s: %s=%s", lines[i].line, lines[i].setting, value);
        }
}

static void own_options(void **state) {
        _cleanup_reading_ Reading reading = read_line(
                "-D /tree -M name --console=read-only --settings=override --keep-unit -q -- -a b");

        assert_int_equal(reading.r, 0);
        assert_string_equal(reading.call.directory, "/tree");
        assert_string_equal(reading.call.name, "name");
        assert_int_equal(reading.call.console, NSPAWN_CONSOLE_READ_ONLY);
        assert_int_equal(reading.call.settings, SETTINGS_OVERRIDE);
        assert_true(reading.call.keep_unit && reading.call.quiet && !reading.call.help);
        assert_string_equal(reading.call.operands[0], "-a");
        assert_string_equal(reading.call.operands[1], "b");
}

static void private_users(void **state) {
        static const char *const rows[][2] = {
                { "-U", "pick" },
                { "--private-users", "yes" },
                { "--private-users=no", "no" },
                { "--private-users=65536:1000", "65536:1000" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_reading_ Reading reading = read_line(rows[i][0]);

                assert_int_equal(reading.r, 0);
                assert_string_equal(reading.call.private_users, rows[i][1]);
        }
}

/* The first word that is no option is the command, and what stands behind it is its own. */
static void command_ends_options(void **state) {
        _cleanup_reading_ Reading reading = read_line("-D /tree ls -b --boot");

        assert_int_equal(reading.r, 0);
        assert_false(reading.call.spec->boot);
        assert_int_equal(strv_length(reading.call.operands), 3);
        assert_string_equal(reading.call.operands[1], "-b");
}

static void what_is_not_done_says_why(void **state) {
        static const struct {
                const char *line, *given, *part;
        } rows[] = {
                { "--oci-bundle=/x", "--oci-bundle", "not done" },
                { "--bind-user=joe", "--bind-user", "--bind=" },
                { "--image-policy=root=verity", "--image-policy", "--root-hash=" },
                { "--suppress-sync=yes", "--suppress-sync", "not done" },
                { "--share-system", "--share-system", "--pid=host" },
                { "--nonsense", "--nonsense", "no such option" },
                { "--directori=/x", "--directori", "--directory" },
                { "--bin=/x", "--bin", "several" },
                { "--boot=yes", "--boot", "no value" },
                { "--directory", "--directory", "needs a value" },
                { "-M", "-M", "needs a value" },
                { "--console=some", "--console", "autopipe" },
                { "--capability=CAP_NONE", "--capability", "capabilities(7)" },
                { "-bY", "-Y", "no such option" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_reading_ Reading reading = read_line(rows[i].line);

                assert_true(reading.r < 0);
                assert_string_equal(reading.error.object, rows[i].given);
                if (!strstr(reading.error.reason, rows[i].part))
                        fail_msg("%s: %s", rows[i].line, reading.error.reason);
        }
}

/* To ask for what is so anyway is no reason to refuse. */
static void neutral_values_are_taken(void **state) {
        static const char *const taken[] = { "--suppress-sync=no",   "--suppress-sync=false", "--image-policy=*",
                                             "--bind-user-shell=no", "--background=",         "-q --background=44" };

        for (size_t i = 0; i < ELEMENTSOF(taken); i++) {
                _cleanup_reading_ Reading reading = read_line(taken[i]);

                if (reading.r < 0)
                        fail_msg("%s: %s", taken[i], reading.error.reason);
                assert_false(spec_is_assigned(reading.call.spec));
        }
}

static char *filled(const char *line, const char *setting) {
        _cleanup_reading_ Reading reading = read_line(line);

        assert_int_equal(reading.r, 0);
        if (reading.call.private_users)
                assert_true(setting_assign(setting_by_name("PrivateUsers"), reading.call.spec, reading.call.private_users,
                                           NULL) >= 0);
        assert_true(nspawn_fill_defaults(reading.call.spec, NULL) >= 0);
        return setting_format(setting_by_name(setting), reading.call.spec, " ");
}

static void defaults_are_nspawns(void **state) {
        static const struct {
                const char *line, *setting, *value;
        } rows[] = {
                { "", "Network", "host" },
                { "--private-network", "Network", "bridge" }, /* which resolving replaces */
                { "-n", "Network", "bridge" },
                { "", "PrivateUsers", "no" },
                { "-U", "PrivateUsers", "pick" },
                { "", "NoNewPrivileges", "no" },
                { "--no-new-privileges=yes", "NoNewPrivileges", "yes" },
                { "", "Timezone", "auto" },
                { "", "PrivateUsersOwnership", "auto" },
                { "--private-users=65536", "PrivateUsersOwnership", "off" },
                { "--private-users=65536 --private-users-ownership=map", "PrivateUsersOwnership", "map" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_free_ char *value = filled(rows[i].line, rows[i].setting);

                if (!streq(value, rows[i].value))
                        fail_msg("%s: %s=%s", rows[i].line, rows[i].setting, value);
        }
}

static void capabilities_are_nspawns(void **state) {
        _cleanup_free_ char *host = filled("", "Capability"), *own = filled("-n", "Capability"),
                            *none = filled("--private-network", "Capability"),
                            *said = filled("--capability=CAP_SYS_TIME", "Capability");

        assert_non_null(strcasestr(host, "cap_sys_admin"));
        assert_null(strcasestr(host, "cap_net_admin"));
        assert_non_null(strcasestr(own, "cap_net_admin"));
        assert_non_null(strcasestr(none, "cap_net_admin"));
        assert_non_null(strcasestr(said, "cap_sys_admin"));
        assert_non_null(strcasestr(said, "cap_sys_time"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rows_are_whole),
                cmocka_unit_test(names_are_of_one_row),
                cmocka_unit_test(options_are_settings),
                cmocka_unit_test(own_options),
                cmocka_unit_test(private_users),
                cmocka_unit_test(command_ends_options),
                cmocka_unit_test(what_is_not_done_says_why),
                cmocka_unit_test(neutral_values_are_taken),
                cmocka_unit_test(defaults_are_nspawns),
                cmocka_unit_test(capabilities_are_nspawns),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
