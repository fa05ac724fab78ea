/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>

#include "setting.h"
#include "settings-files.h"
#include "string-util.h"
#include "strv.h"

typedef struct Place {
        char path[64];
        int fd;
        char *folders[3];
        char *root;
} Place;

static void place_make(Place *p) {
        static const char *const directories[] = {
                "etc", "run", "images", "etc/web-1.nspawn.d", "run/web-1.nspawn.d", "images/web-1.nspawn.d", "etc/web@.nspawn.d",
        };

        p->fd = test_directory(p->path);
        for (size_t i = 0; i < ELEMENTSOF(directories); i++)
                assert_int_equal(mkdirat(p->fd, directories[i], 0755), 0);
        p->folders[0] = str_format("%s/etc", p->path);
        p->folders[1] = str_format("%s/run", p->path);
        p->folders[2] = NULL;
        p->root = str_format("%s/images/tree", p->path);
}

static void place_done(Place *p) {
        free(p->folders[0]);
        free(p->folders[1]);
        free(p->root);
        test_directory_done(p->path, p->fd);
}

static Spec *apply(const Place *p, SettingsMode mode, bool expected, size_t n_warnings) {
        _cleanup_strv_free_ char **warnings = NULL;
        _cleanup_error_ Error error = ERROR_NULL;
        Spec *spec = spec_new();
        bool found;

        spec->settings_mode = mode;
        if (settings_files_apply((const char *const *) p->folders, "web-1", p->root, spec, &found, &warnings, &error) < 0)
                fail_msg("%s: %s", error.object, error.reason);
        assert_int_equal(found, expected);
        assert_int_equal(strv_length(warnings), n_warnings);
        return spec;
}

static void nowhere(void **state) {
        Place p;

        place_make(&p);
        spec_free(apply(&p, SETTINGS_YES, false, 0));
        place_done(&p);
}

static void the_first_counts(void **state) {
        Place p;
        Spec *spec;

        place_make(&p);
        test_write_file(p.fd, "images/web-1.nspawn", "[Exec]\nHostname=image\nCapability=all\n");
        spec = apply(&p, SETTINGS_YES, true, 1);
        assert_string_equal(spec->hostname, "image");
        assert_int_equal(spec->capability, 0);
        spec_free(spec);

        spec = apply(&p, SETTINGS_TRUSTED, true, 0);
        assert_int_not_equal(spec->capability, 0);
        spec_free(spec);

        spec = apply(&p, SETTINGS_NO, false, 0);
        assert_null(spec->hostname);
        spec_free(spec);

        test_write_file(p.fd, "etc/web@.nspawn", "[Exec]\nHostname=%p.%i\n");
        spec = apply(&p, SETTINGS_YES, true, 0);
        assert_string_equal(spec->hostname, "web.1");
        spec_free(spec);

        test_write_file(p.fd, "run/web-1.nspawn", "[Exec]\nHostname=run\nCapability=CAP_SYS_TIME\n");
        spec = apply(&p, SETTINGS_YES, true, 0);
        assert_string_equal(spec->hostname, "run");
        assert_int_not_equal(spec->capability, 0);
        spec_free(spec);

        test_write_file(p.fd, "etc/web-1.nspawn", "[Exec]\nHostname=etc\n");
        spec = apply(&p, SETTINGS_YES, true, 0);
        assert_string_equal(spec->hostname, "etc");
        spec_free(spec);
        place_done(&p);
}

static void drop_ins(void **state) {
        Place p;
        Spec *spec;

        place_make(&p);
        test_write_file(p.fd, "images/web-1.nspawn", "[Exec]\nEnvironment=A=main\n");
        test_write_file(p.fd, "images/web-1.nspawn.d/99.conf", "[Exec]\nHostname=image\nEnvironment=A=image\nCapability=all\n");
        test_write_file(p.fd, "run/web-1.nspawn.d/20.conf", "[Exec]\nHostname=twenty\n");
        test_write_file(p.fd, "run/web-1.nspawn.d/10.conf", "[Exec]\nHostname=never\n");
        test_write_file(p.fd, "etc/web-1.nspawn.d/10.conf", "[Exec]\nHostname=ten\nEnvironment=B=%i\n");
        test_write_file(p.fd, "etc/web-1.nspawn.d/none", "[Exec]\nHostname=none\n");
        spec = apply(&p, SETTINGS_YES, true, 1);
        assert_string_equal(spec->hostname, "twenty");
        assert_int_equal(strv_length(spec->environment), 3);
        assert_string_equal(spec->environment[1], "A=image");
        assert_string_equal(spec->environment[2], "B=web-1");
        assert_int_equal(spec->capability, 0);
        spec_free(spec);

        /* A main file of the administrator: nothing beside the image is read. */
        test_write_file(p.fd, "etc/web-1.nspawn", "[Exec]\nEnvironment=A=etc\n");
        spec = apply(&p, SETTINGS_YES, true, 0);
        assert_string_equal(spec->environment[0], "A=etc");
        spec_free(spec);

        /* And /dev/null hides one. */
        assert_int_equal(unlinkat(p.fd, "etc/web-1.nspawn.d/10.conf", 0), 0);
        assert_int_equal(symlinkat("/dev/null", p.fd, "etc/web-1.nspawn.d/20.conf"), 0);
        spec = apply(&p, SETTINGS_YES, true, 0);
        assert_string_equal(spec->hostname, "never");
        spec_free(spec);
        place_done(&p);
}

static void who_counts_more(void **state) {
        static const struct {
                SettingsMode mode;
                const char *expected;
        } rows[] = { { SETTINGS_YES, "caller" }, { SETTINGS_TRUSTED, "caller" }, { SETTINGS_OVERRIDE, "file" } };
        Place p;

        place_make(&p);
        test_write_file(p.fd, "etc/web-1.nspawn", "[Exec]\nUser=file\nHostname=file\n");
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_spec_ Spec *spec = spec_new();
                _cleanup_strv_free_ char **warnings = NULL;
                bool found;

                spec->settings_mode = rows[i].mode;
                assert_int_equal(setting_assign(setting_by_name("User"), spec, "caller", NULL), 0);
                assert_int_equal(settings_files_apply((const char *const *) p.folders, "web-1", p.root, spec, &found, &warnings,
                                                      NULL),
                                 0);
                assert_string_equal(spec->user, rows[i].expected);
                assert_string_equal(spec->hostname, "file");
        }
        place_done(&p);
}

/* What an image's author could put there to be read in his stead, or to hang whoever reads it. */
static void no_files(void **state) {
        static const char name[] = "images/web-1.nspawn";
        _cleanup_strv_free_ char **warnings = NULL;
        Place p;
        bool found;

        place_make(&p);
        for (int i = 0; i < 3; i++) {
                _cleanup_spec_ Spec *spec = spec_new();

                if (i == 0)
                        assert_int_equal(symlinkat("/etc/hostname", p.fd, name), 0);
                else if (i == 1)
                        assert_int_equal(mkfifoat(p.fd, name, 0644), 0);
                else
                        assert_int_equal(mkdirat(p.fd, name, 0755), 0);
                assert_true(settings_files_apply((const char *const *) p.folders, "web-1", p.root, spec, &found, &warnings,
                                                 NULL) < 0);
                assert_int_equal(unlinkat(p.fd, name, i == 2 ? AT_REMOVEDIR : 0), 0);
        }
        place_done(&p);
}

static void names_that_are_none(void **state) {
        static const char *const names[] = { "", "../etc/web-1", "a/b", "-", "." };
        Place p;

        place_make(&p);
        test_write_file(p.fd, "etc/web-1.nspawn", "[Exec]\nHostname=etc\n");
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_strv_free_ char **warnings = NULL;
                _cleanup_spec_ Spec *spec = spec_new();
                bool found;

                assert_int_equal(settings_files_apply((const char *const *) p.folders, names[i], p.root, spec, &found, &warnings,
                                                      NULL),
                                 0);
                assert_false(found);
        }
        place_done(&p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(nowhere),         TEST(the_first_counts), TEST(drop_ins),
                TEST(who_counts_more), TEST(no_files),         TEST(names_that_are_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
