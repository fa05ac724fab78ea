/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>

#include "fd-util.h"
#include "file-util.h"
#include "lock-file.h"
#include "prepare.h"
#include "setting.h"
#include "spec-json.h"
#include "string-util.h"

/* A host of its own: run, state and ranges below one folder, and a tree. */
typedef struct Host {
        char base[64], run[80], state[80], ranges[80], tree[80];
        int dir;
        Places places;
} Host;

static void host_begin(Host *h) {
        h->dir = test_directory(h->base);
        (void) snprintf(h->run, sizeof(h->run), "%s/run", h->base);
        (void) snprintf(h->state, sizeof(h->state), "%s/state", h->base);
        (void) snprintf(h->ranges, sizeof(h->ranges), "%s/ranges", h->base);
        (void) snprintf(h->tree, sizeof(h->tree), "%s/debian", h->base);
        h->places = (Places){ .run = h->run, .state = h->state, .ranges = h->ranges };
        assert_int_equal(mkdirat(h->dir, "debian", 0755), 0);
        assert_int_equal(mkdirat(h->dir, "debian/usr", 0755), 0);
}

static void host_end(Host *h) {
        test_directory_done(h->base, h->dir);
}

static Spec *make_spec(const Host *h, const char *name) {
        Spec *spec = spec_new();

        assert_non_null(spec);
        assert_int_equal(str_replace(&spec->name, name), 0);
        assert_int_equal(str_replace(&spec->root, h->tree), 0);
        /* Where the test is not root's, no folder is. */
        spec->allow_exposed_tree = true;
        return spec;
}

static unsigned entries(const Host *h, const char *path) {
        int fd = openat(h->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *stream = fdopendir(fd);
        unsigned n = 0;

        assert_non_null(stream);
        for (struct dirent *item; (item = readdir(stream));)
                n += !streq(item->d_name, ".") && !streq(item->d_name, "..");
        (void) closedir(stream);
        return n;
}

static ErrorKind failure(Host *h, Spec *spec, PrepareFlags flags) {
        Preparation p = PREPARATION_NULL;
        _cleanup_error_ Error error = ERROR_NULL;

        assert_true(prepare(&h->places, spec, flags, &p, &error) < 0);
        assert_true(error_is_set(&error));
        return error.kind;
}

static void resolves(void **state) {
        Host h;
        Preparation p = PREPARATION_NULL;
        _cleanup_spec_ Spec *back = NULL;
        _cleanup_free_ char *text = NULL;

        host_begin(&h);
        assert_int_equal(prepare(&h.places, make_spec(&h, NULL), 0, &p, NULL), 0);
        assert_string_equal(p.spec->name, "debian");
        assert_string_equal(p.spec->hostname, "debian");
        assert_string_equal(p.spec->working_directory, "/");
        assert_string_equal(p.spec->parameters[0], "/bin/sh");
        assert_int_equal(p.spec->private_users.mode, USER_NAMESPACE_FIXED);
        assert_true(p.range_lock >= 0 && p.tree >= 0);

        /* What is kept of it is what the user set, not what was picked. */
        assert_false(setting_is_assigned(setting_by_name("PrivateUsers"), p.spec));

        assert_int_equal(file_read_at(p.entry.dir, "spec.json", FILE_MAX_DEFAULT, &text, NULL), 0);
        assert_int_equal(spec_from_json(text, &back, NULL), 0);
        assert_true(spec_is_resolved(back));
        assert_int_equal(back->private_users.base, p.spec->private_users.base);
        assert_int_equal(lock_file_is_held(h.dir, "run/machines/debian/lock"), 1);

        preparation_undo(&p);
        assert_int_equal(entries(&h, "run/machines"), 0);
        host_end(&h);
}

static void names(void **state) {
        Host h;
        Preparation a = PREPARATION_NULL, b = PREPARATION_NULL, c = PREPARATION_NULL;

        host_begin(&h);
        assert_int_equal(prepare(&h.places, make_spec(&h, "web"), 0, &a, NULL), 0);
        assert_int_equal(failure(&h, make_spec(&h, "web"), 0), ERROR_MACHINE_EXISTS);
        assert_int_equal(failure(&h, make_spec(&h, "_"), 0), ERROR_INVALID_NAME);
        assert_int_equal(failure(&h, make_spec(&h, ".."), 0), ERROR_INVALID_NAME);

        /* A picked one gives way. */
        assert_int_equal(prepare(&h.places, make_spec(&h, ""), 0, &b, NULL), 0);
        assert_int_equal(prepare(&h.places, make_spec(&h, ""), 0, &c, NULL), 0);
        assert_string_equal(b.spec->name, "debian");
        assert_non_null(startswith(c.spec->name, "debian-"));
        assert_int_not_equal(b.spec->private_users.base, c.spec->private_users.base);

        preparation_undo(&a);
        preparation_undo(&b);
        preparation_undo(&c);
        assert_int_equal(entries(&h, "run/machines"), 0);
        host_end(&h);
}

/* Kept machines own their names for new ones, not for their own next run. */
static void kept_names(void **state) {
        Host h;
        Preparation p = PREPARATION_NULL;

        host_begin(&h);
        assert_int_equal(mkdirat(h.dir, "state", 0755), 0);
        assert_int_equal(mkdirat(h.dir, "state/machines", 0755), 0);
        assert_int_equal(mkdirat(h.dir, "state/machines/debian", 0755), 0);
        test_write_file(h.dir, "state/machines/debian/spec.json", "{}");

        assert_int_equal(failure(&h, make_spec(&h, "debian"), PREPARE_NEW), ERROR_MACHINE_EXISTS);
        assert_int_equal(prepare(&h.places, make_spec(&h, "debian"), 0, &p, NULL), 0);
        preparation_undo(&p);
        assert_int_equal(prepare(&h.places, make_spec(&h, NULL), PREPARE_NEW, &p, NULL), 0);
        assert_non_null(startswith(p.spec->name, "debian-"));
        preparation_undo(&p);
        host_end(&h);
}

/* What a killed owner left is taken over and cleared; but the manager does not pick its name before it has seen to it. */
static void dead_entries(void **state) {
        Host h;
        Preparation p = PREPARATION_NULL, q = PREPARATION_NULL;
        struct stat st;

        host_begin(&h);
        assert_int_equal(prepare(&h.places, make_spec(&h, "debian"), 0, &p, NULL), 0);
        test_write_file(p.entry.dir, "state.json", "old");
        preparation_done(&p);
        assert_int_equal(lock_file_is_held(h.dir, "run/machines/debian/lock"), 0);

        assert_int_equal(prepare(&h.places, make_spec(&h, NULL), PREPARE_NEW, &q, NULL), 0);
        assert_string_not_equal(q.spec->name, "debian");
        preparation_undo(&q);

        assert_int_equal(prepare(&h.places, make_spec(&h, "debian"), 0, &p, NULL), 0);
        assert_int_equal(fstatat(p.entry.dir, "state.json", &st, 0), -1);
        preparation_undo(&p);
        host_end(&h);
}

/* A failure after the name was taken leaves no entry. */
static void failures_leave_nothing(void **state) {
        Host h;
        Preparation p = PREPARATION_NULL;
        Spec *spec;

        host_begin(&h);
        assert_int_equal(prepare(&h.places, make_spec(&h, "a"), 0, &p, NULL), 0);
        spec = make_spec(&h, "b");
        spec->private_users = p.spec->private_users;
        assert_int_equal(failure(&h, spec, 0), ERROR_NO_RANGE);
        assert_int_equal(entries(&h, "run/machines"), 1);

        spec = make_spec(&h, "b");
        assert_int_equal(str_replace(&spec->root, "/nonexistent"), 0);
        assert_int_equal(failure(&h, spec, 0), ERROR_NO_SUCH_TREE);
        spec = make_spec(&h, "b");
        assert_int_equal(str_replace(&spec->root, "debian"), 0);
        assert_int_equal(failure(&h, spec, 0), ERROR_INVALID_VALUE);
        assert_int_equal(entries(&h, "run/machines"), 1);
        preparation_undo(&p);
        host_end(&h);
}

static void plans_are_apart(void **state) {
        Host h;
        Preparation a = PREPARATION_NULL, b = PREPARATION_NULL, c = PREPARATION_NULL;

        host_begin(&h);
        assert_int_equal(prepare(&h.places, make_spec(&h, "web"), PREPARE_PLAN, &a, NULL), 0);
        assert_int_equal(prepare(&h.places, make_spec(&h, "web"), PREPARE_PLAN, &b, NULL), 0);
        assert_string_equal(a.spec->name, "web");
        assert_int_equal(prepare(&h.places, make_spec(&h, "web"), 0, &c, NULL), 0);
        preparation_undo(&a);
        preparation_undo(&b);
        assert_int_equal(failure(&h, make_spec(&h, "web"), PREPARE_PLAN), ERROR_MACHINE_EXISTS);
        preparation_undo(&c);
        assert_int_equal(entries(&h, "run/plans"), 0);
        host_end(&h);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(resolves),        TEST(names), TEST(kept_names), TEST(dead_entries), TEST(failures_leave_nothing),
                TEST(plans_are_apart),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
