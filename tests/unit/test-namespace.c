/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <sched.h>

#include "setting.h"
#include "string-util.h"

/* A spec with the settings of a list like "PIDNamespace=host", as they come. */
static Spec *spec_of(const char *const *assignments) {
        Spec *spec = spec_new();

        for (; *assignments; assignments++) {
                _cleanup_free_ char *name = strndup(*assignments, strcspn(*assignments, "="));

                assert_int_equal(setting_assign(setting_by_name(name), spec, strchr(*assignments, '=') + 1, NULL), 0);
        }
        return spec;
}

#define SPEC(...) spec_of((const char *const[]){ __VA_ARGS__, NULL })

static void check_refused(Spec *spec, const char *setting, const char *reason) {
        _cleanup_error_ Error error = ERROR_NULL;
        _unused_ _cleanup_spec_ Spec *owned = spec;

        assert_true(spec_resolve_namespaces(spec, &error) < 0);
        assert_int_equal(error.kind, ERROR_INVALID_VALUE);
        assert_string_equal(error.object, setting);
        if (!strstr(error.reason, reason))
                fail_msg("expected '%s': %s", reason, error.reason);
}

static void kinds_are_whole(void **state) {
        for (NamespaceKind kind = 0; kind < _NAMESPACE_KIND_MAX; kind++) {
                NamespaceKind back;

                assert_true(namespace_kind_flag(kind) &
                            (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP));
                assert_int_equal(namespace_kind_from_name(namespace_kind_name(kind), &back), 0);
                assert_int_equal(back, kind);
        }
        assert_true(namespace_kind_from_name("mnt", &(NamespaceKind){ 0 }) < 0);
}

static void defaults_are_private(void **state) {
        _cleanup_spec_ Spec *spec = spec_new();

        assert_int_equal(spec_resolve_namespaces(spec, NULL), 0);
        for (NamespaceKind kind = 0; kind < _NAMESPACE_KIND_MAX; kind++)
                assert_false(namespace_is_joined(&spec->namespaces[kind]));
        assert_int_equal(spec->private_users.mode, USER_NAMESPACE_PICK);
}

/* Who joins one of a machine's joins its user namespace. */
static void a_machines_user_namespace_comes_along(void **state) {
        _cleanup_spec_ Spec *spec = SPEC("IPCNamespace=container:web"), *host = SPEC("UserNamespace=host"),
                            *net = SPEC("Network=container:web");

        assert_int_equal(spec_resolve_namespaces(spec, NULL), 0);
        assert_int_equal(spec->namespaces[NAMESPACE_USER].mode, NAMESPACE_MACHINE);
        assert_string_equal(spec->namespaces[NAMESPACE_USER].name, "web");
        assert_int_equal(spec->private_users.mode, USER_NAMESPACE_JOINED);

        assert_int_equal(spec_resolve_namespaces(net, NULL), 0);
        assert_string_equal(net->namespaces[NAMESPACE_NET].name, "web");
        assert_string_equal(net->namespaces[NAMESPACE_USER].name, "web");

        assert_int_equal(spec_resolve_namespaces(host, NULL), 0);
        assert_int_equal(host->private_users.mode, USER_NAMESPACE_NO);
        /* Again, as for a machine that is kept and starts a second time. */
        assert_int_equal(spec_resolve_namespaces(host, NULL), 0);
}

static void what_weakens_is_refused(void **state) {
        check_refused(SPEC("PIDNamespace=host"), "PIDNamespace", "UserNamespace=host");
        check_refused(SPEC("PIDNamespace=ns:/proc/1/ns/pid"), "PIDNamespace", "no right to");
        check_refused(SPEC("PIDNamespace=container:a", "IPCNamespace=container:b"), "IPCNamespace", "two user namespaces");
        check_refused(SPEC("IPCNamespace=container:a", "UserNamespace=host"), "UserNamespace", "its own user namespace alone");
        check_refused(SPEC("UserNamespace=host", "PrivateUsers=65536"), "UserNamespace", "PrivateUsers=");
        check_refused(SPEC("PrivateUsers=joined"), "UserNamespace", "whose");
        check_refused(SPEC("PIDNamespace=container:a", "ProcessTwo=yes"), "PIDNamespace", "process 1");
        check_refused(SPEC("UTSNamespace=host", "Hostname=x"), "UTSNamespace", "Hostname=");
}

static void what_does_not_is_taken(void **state) {
        _cleanup_spec_ Spec *a = SPEC("PIDNamespace=host", "PrivateUsers=no"),
                            *b = SPEC("PIDNamespace=host", "UserNamespace=host"),
                            *c = SPEC("IPCNamespace=host", "UTSNamespace=ns:/run/x", "CGroupNamespace=host");

        assert_int_equal(spec_resolve_namespaces(a, NULL), 0);
        assert_int_equal(spec_resolve_namespaces(b, NULL), 0);
        assert_int_equal(spec_resolve_namespaces(c, NULL), 0);
        assert_int_equal(c->private_users.mode, USER_NAMESPACE_PICK);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(kinds_are_whole),         TEST(defaults_are_private),   TEST(a_machines_user_namespace_comes_along),
                TEST(what_weakens_is_refused), TEST(what_does_not_is_taken),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
