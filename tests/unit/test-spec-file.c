/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>

#include "samples.h"
#include "spec-file.h"
#include "string-util.h"

static const Specifiers specifiers = { .instance = "1", .prefix = "web", .machine = "web-1" };
static const SpecFile trusted = { .path = "f", .trusted = true }, untrusted = { .path = "f" },
                      dropin = { .path = "f", .trusted = true, .specifiers = &specifiers };

static Spec *read_fine(const SpecFile *file, const char *text, const char *warning) {
        _cleanup_strv_free_ char **warnings = NULL;
        _cleanup_error_ Error error = ERROR_NULL;
        Spec *spec = spec_new();

        if (spec_file_read(file, text, spec, &warnings, &error) < 0)
                fail_msg("%s: %s", text, error.reason);
        if (!warning && warnings)
                fail_msg("%s: %s", text, warnings[0]);
        if (warning) {
                assert_int_equal(strv_length(warnings), 1);
                if (!strstr(warnings[0], warning))
                        fail_msg("expected '%s': %s", warning, warnings[0]);
        }
        return spec;
}

static void check_refused(const SpecFile *file, const char *text, const char *place, const char *part) {
        _cleanup_strv_free_ char **warnings = NULL;
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_spec_ Spec *spec = spec_new();

        assert_int_equal(spec_file_read(file, text, spec, &warnings, &error), -EINVAL);
        assert_string_equal(error.object, place);
        if (!strstr(error.reason, part))
                fail_msg("%s: expected '%s': %s", text, part, error.reason);
}

static void a_file(void **state) {
        static const char text[] = "\xef\xbb\xbf# comment\n; another\n\n"
                                   "[Exec]\n"
                                   "Parameters=sh -c 'echo \"a b\"' \"\"\n"
                                   "Environment=A=1 'B=2 3'\r\n"
                                   "  Environment = C=4  \n"
                                   "Capability=CAP_NET_ADMIN CAP_SYS_TIME\n"
                                   "Hostname=\\\n# in between\n  web\\\n\n"
                                   "[Resources]\nMemoryMax=64M\n"
                                   "[X-Mine]\nAnything=goes\nno assignment\n"
                                   "[Exec]\nX-Key=is mine\nNoNewPrivileges=no";
        _cleanup_spec_ Spec *spec = read_fine(&trusted, text, NULL);
        static const char *const parameters[] = { "sh", "-c", "echo \"a b\"", "", NULL };

        assert_true(strv_equal(spec->parameters, (char *const *) parameters));
        assert_int_equal(strv_length(spec->environment), 3);
        assert_string_equal(spec->environment[1], "B=2 3");
        assert_string_equal(spec->hostname, "web");
        assert_string_equal(spec->memory_max, "64M");
        assert_false(spec->no_new_privileges);
        assert_true(setting_is_assigned(setting_by_name("Capability"), spec));
}

static void empty_clears(void **state) {
        _cleanup_spec_ Spec *spec = read_fine(&trusted, "[Exec]\nEnvironment=A=1\nHostname=x\nEnvironment=\nHostname=\n", NULL);

        assert_null(spec->hostname);
        assert_int_equal(strv_length(spec->environment), 0);
        assert_null(memchr(spec->assigned, true, sizeof(spec->assigned)));
}

static void nothing(void **state) {
        static const char *const texts[] = { "", "\n", "\\", "\\\n", "[Exec]", "[Exec]\\\n", "# \\\n", "\r\n" };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                spec_free(read_fine(&trusted, texts[i], NULL));
}

static void left_out(void **state) {
        spec_free(read_fine(&trusted, "[Exek]\nBoot=yes\n", "f:1: there is no section [Exek]"));
        spec_free(read_fine(&trusted, "[Exec]\nHostnam=x\n",
                            "f:2: Hostnam= is ignored: there is no such setting; did you mean Hostname?"));
        spec_free(read_fine(&trusted, "[Files]\nHostname=x\n", "it belongs to [Exec], not to [Files]"));
        spec_free(read_fine(&trusted, "[Exec]\nhostname=x\n", "hostname= is ignored"));
}

static void refused(void **state) {
        check_refused(&trusted, "Hostname=x", "f:1", "in no section");
        check_refused(&trusted, "[Exec\n", "f:1", "lacks its ']'");
        check_refused(&trusted, "[Exec]\n\nHostname\n", "f:3", "no assignment");
        check_refused(&trusted, "[Exec]\n=x\n", "f:2", "no assignment");
        check_refused(&trusted, "[Exec]\nHostname=-\\\n-\n", "f:2", "'- -' is not a host name");
        check_refused(&trusted, "[Exec]\nParameters='a\n", "f:2", "does not end");
        check_refused(&trusted, "[Exec]\nHostname=\xff\n", "f:1", "no UTF-8");
        check_refused(&dropin, "[Exec]\nEnvironment=A=%q\n", "f:2", "there is no %q");
        check_refused(&dropin, "[Exec]\nEnvironment=A=50%\n", "f:2", "%%");
}

static void specifiers_are_replaced(void **state) {
        _cleanup_spec_ Spec *replaced = read_fine(&dropin, "[Exec]\nHostname=h%i\nEnvironment=A=%p%%%n B=%I\n", NULL),
                            *plain = read_fine(&trusted, "[Exec]\nParameters=date +%F %\n", NULL);

        assert_string_equal(replaced->hostname, "h1");
        assert_string_equal(replaced->environment[0], "A=web%web-1");
        assert_string_equal(replaced->environment[1], "B=1");
        assert_string_equal(plain->parameters[1], "+%F");
}

/* An image's author may say what its machine is, and take away; never what the host gives to it. */
static void untrusted_file(void **state) {
        static const struct {
                const char *section, *key, *value;
        } privileged[] = {
                { "Exec", "Capability", "CAP_SYS_ADMIN" },
                { "Exec", "PrivateUsers", "no" },
                { "Network", "Private", "no" },
                { "Resources", "Slice", "system.slice" },
                { "Resources", "Property", "DeviceAllow=/dev/sda rwm" },
                { "Files", "AllowExposedTree", "yes" },
        };

        for (size_t i = 0; i < ELEMENTSOF(privileged); i++) {
                _cleanup_free_ char *text = str_format("[%s]\n%s=%s\n", privileged[i].section, privileged[i].key,
                                                       privileged[i].value);
                _cleanup_spec_ Spec *spec = read_fine(&untrusted, text, "is not trusted with it"), *all = NULL;

                assert_null(memchr(spec->assigned, true, sizeof(spec->assigned)));
                all = read_fine(&trusted, text, NULL);
                assert_non_null(memchr(all->assigned, true, sizeof(all->assigned)));
        }
        spec_free(read_fine(&untrusted, "[Exec]\nDropCapability=all\nHostname=x\nPrivateUsers=pick\nParameters=a\n", NULL));
}

/* Each key of systemd.nspawn(5) (systemd 252 and 257) is a row of the table in its section, or named with a reason. */
static const struct {
        const char *section, *keys;
        bool privileged;         /* "this option is privileged": never from beside an image */
} nspawn_keys[] = {
        { "Exec",
          "Boot Ephemeral ProcessTwo Parameters Environment User WorkingDirectory PivotRoot DropCapability NoNewPrivileges KillSignal "
          "Personality NotifyReady SystemCallFilter LimitCPU LimitFSIZE LimitDATA LimitSTACK LimitCORE LimitRSS LimitNOFILE LimitAS "
          "LimitNPROC LimitMEMLOCK LimitLOCKS LimitSIGPENDING LimitMSGQUEUE LimitNICE LimitRTPRIO LimitRTTIME OOMScoreAdjust "
          "CPUAffinity Hostname ResolvConf Timezone LinkJournal SuppressSync",
          false },
        { "Exec", "Capability AmbientCapability MachineID PrivateUsers", true },
        { "Files", "ReadOnly Volatile PrivateUsersChown", false },
        { "Files", "Bind BindReadOnly BindUser TemporaryFileSystem Inaccessible Overlay OverlayReadOnly PrivateUsersOwnership",
          true },
        { "Network", "Private", false },
        { "Network", "VirtualEthernet VirtualEthernetExtra Interface MACVLAN IPVLAN Bridge Zone Port", true },
};

static void all_keys_of_nspawn(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(nspawn_keys); i++) {
                _cleanup_strv_free_ char **keys = NULL;

                assert_int_equal(strv_split(nspawn_keys[i].keys, " ", &keys), 0);
                STRV_FOREACH(key, keys) {
                        const Setting *s = setting_by_name(*key);
                        const ForeignKey *foreign = foreign_key_find(nspawn_keys[i].section, *key);

                        if (s && !streq(setting_section_name(s->section), nspawn_keys[i].section))
                                fail_msg("%s= belongs to [%s]", *key, nspawn_keys[i].section);
                        if (!s && (!foreign || isempty(foreign->reason)))
                                fail_msg("%s= of [%s] is neither done nor refused with a reason", *key, nspawn_keys[i].section);
                        if (s && nspawn_keys[i].privileged && s->trust == TRUST_RUN)
                                fail_msg("%s= is privileged in nspawn's files: its trust class has to be TRUST_OPERATOR at least",
                                         *key);
                }
        }
}

/* What was written is read as it was. */
static void there_and_back(void **state) {
        FOREACH_SETTING(s)
                for (const char *const *value = samples_of(s->type)->good; *value; value++) {
                        _cleanup_free_ char *text = NULL, *again = NULL, *a = NULL, *b = NULL;
                        _cleanup_spec_ Spec *spec = spec_new(), *back = NULL;
                        _cleanup_error_ Error error = ERROR_NULL;

                        assert_int_equal(setting_add(s, spec, *value, NULL), 0);
                        if (spec_file_write(spec, &text, &error) < 0)
                                fail_msg("%s=%s: %s", s->name, *value, error.reason);
                        back = read_fine(&trusted, text, NULL);
                        a = setting_text(s, spec);
                        b = setting_text(s, back);
                        assert_string_equal(a, b);
                        assert_memory_equal(spec->assigned, back->assigned, sizeof(spec->assigned));
                        assert_int_equal(spec_file_write(back, &again, NULL), 0);
                        assert_string_equal(text, again);
                }
}

static void written(void **state) {
        _cleanup_spec_ Spec *spec = spec_new();
        _cleanup_free_ char *text = NULL, *none = NULL;

        assert_int_equal(spec_file_write(spec, &none, NULL), 0);
        assert_string_equal(none, "");

        assert_int_equal(setting_add(setting_by_name("MemoryMax"), spec, "64M", NULL), 0);
        assert_int_equal(setting_add(setting_by_name("Parameters"), spec, "echo", NULL), 0);
        assert_int_equal(setting_add(setting_by_name("Parameters"), spec, "a\nb", NULL), 0);
        assert_int_equal(setting_add(setting_by_name("Property"), spec, "IOAccounting=yes", NULL), 0);
        assert_int_equal(setting_add(setting_by_name("Property"), spec, "DeviceAllow=/dev/null rw", NULL), 0);
        assert_int_equal(spec_file_write(spec, &text, NULL), 0);
        assert_string_equal(text, "[Exec]\nParameters=echo $'a\\nb'\n\n"
                                  "[Resources]\nMemoryMax=64M\nDeviceAllow=/dev/null rw\nProperty=IOAccounting=yes\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_file), TEST(empty_clears), TEST(nothing), TEST(left_out), TEST(refused), TEST(specifiers_are_replaced),
                TEST(untrusted_file), TEST(all_keys_of_nspawn), TEST(there_and_back), TEST(written),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
