/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Who may say what: each row of the settings table with each sample of its type. A row that is added without thinking of
 * it is found here, since what takes the greater right is written down once more, by hand.
 */

#include "unit.h"

#include "samples.h"
#include "spec-file.h"
#include "string-util.h"

/* Rows that need no more than the right to run a machine, whatever their value. What is not in here has to say so itself. */
static const char *const harmless[] = {
        "WritableLayer", "ResolvConf", "Timezone", "DiskMax", "RootHash",
        "Parameters", "Environment", "User", "WorkingDirectory", "Hostname", "Boot", "Terminals", "Register",
        "ProcessTwo", "Ephemeral", "Restart", "RestartSec", "RestartMaxDelaySec", "StartLimitIntervalSec", "StartLimitBurst",
        "HookTimeoutSec", "HealthCommand", "HealthIntervalSec", "HealthTimeoutSec", "HealthStartPeriodSec", "HealthRetries",
        "HealthOnFailure", "NotifyReady", "TimeoutStartSec",
        "KillSignal", "NoNewPrivileges", "DropCapability", "AmbientCapability", "Personality", "BoottimeOffsetSec",
        "MonotonicOffsetSec", "PivotRoot", "MachineID", "SetCredential", "ReadOnly", "PrivateUsersOwnership", "Volatile",
        "TemporaryFileSystem", "Inaccessible", "VirtualEthernet", "Zone", "IPv4Address", "IPv6Address", "MACAddress",
        "DNS", "DNSSearch", "DNSOption", "AddHost", "Sysctl", "NetRate",
        "TimeoutStopSec", "KillMode", "CPUShares", "CPUWeight", "StartupCPUWeight", "CPUQuota", "CPUQuotaPeriodSec",
        "AllowedCPUs", "AllowedMemoryNodes", "MemoryMin", "MemoryLow", "MemoryHigh", "MemoryMax", "MemorySwapMax",
        "MemoryZSwapMax", "TasksMax", "IOWeight", "BlockIOWeight", "IPAddressAllow", "IPAddressDeny", "IPAccounting",
        "ManagedOOMSwap", "ManagedOOMMemoryPressure", "ManagedOOMMemoryPressureLimit",
};

static bool is_harmless(const Setting *s) {
        for (size_t i = 0; i < ELEMENTSOF(harmless); i++)
                if (streq(harmless[i], s->name))
                        return true;
        return false;
}

static bool may_reach_host(const Setting *s) {
        return s->trust == TRUST_HOST || s->trust == TRUST_VALUE || s->trust == TRUST_OPERATOR_VALUE;
}

static void each_row_was_thought_of(void **state) {
        FOREACH_SETTING(s)
                if (may_reach_host(s) == is_harmless(s))
                        fail_msg("%s= %s: is that so? Then say it in test-trust.c as well", s->name,
                                 may_reach_host(s) ? "takes more than the right to run" : "takes the right to run alone");
}

/* What reaches the host in some value does so in one of the samples, and is then what the caller is refused for. */
static void what_reaches_the_host_is_found(void **state) {
        FOREACH_SETTING(s) {
                unsigned found = 0;

                for (const char *const *value = samples_of(s->type)->good; *value; value++) {
                        _cleanup_spec_ Spec *spec = spec_new();

                        assert_int_equal(setting_assign(s, spec, *value, NULL), 0);
                        assert_int_equal(setting_reaches_host(s, spec), spec_first_host_setting(spec) == s);
                        found += setting_reaches_host(s, spec);
                        if (s->trust == TRUST_HOST)
                                assert_true(setting_reaches_host(s, spec));
                }
                if (may_reach_host(s) != (found > 0))
                        fail_msg("%s=: no sample of its type reaches the host", s->name);
        }
}

/* A file beside an image is its author's word: of each such value nothing is left but a warning. */
static void untrusted_files_are_stripped(void **state) {
        static const SpecFile untrusted = { .path = "f" };

        FOREACH_SETTING(s)
                for (const char *const *value = samples_of(s->type)->good; *value; value++) {
                        _cleanup_spec_ Spec *asked = spec_new(), *spec = spec_new();
                        _cleanup_strv_free_ char **warnings = NULL;
                        _cleanup_free_ char *text = NULL;

                        assert_int_equal(setting_assign(s, asked, *value, NULL), 0);
                        if (!setting_reaches_host(s, asked))
                                continue;
                        assert_int_equal(spec_file_write(asked, &text, NULL), 0);
                        /* Some do not come in files at all. */
                        if (!*text)
                                continue;
                        if (spec_file_read(&untrusted, text, spec, &warnings, NULL) < 0)
                                continue;
                        if (spec_first_host_setting(spec))
                                fail_msg("%s=%s was taken from a file beside an image", s->name, *value);
                        assert_true(strv_length(warnings) > 0);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(each_row_was_thought_of),
                TEST(what_reaches_the_host_is_found),
                TEST(untrusted_files_are_stripped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
