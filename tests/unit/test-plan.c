/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <sched.h>
#include <stdio.h>
#include <sys/capability.h>

#include "plan.h"
#include "setting.h"
#include "string-util.h"
#include "strv.h"

static const PlanHost unified = { .unified = true, .capabilities = UINT64_MAX };
static const PlanHost hybrid = { .unified = false, .capabilities = UINT64_MAX };

static Spec *resolved_spec(void) {
        Spec *spec = spec_new();

        assert_non_null(spec);
        assert_int_equal(str_replace(&spec->name, "web"), 0);
        assert_int_equal(str_replace(&spec->root, "/srv/web"), 0);
        assert_int_equal(str_replace(&spec->hostname, "web"), 0);
        assert_int_equal(str_replace(&spec->working_directory, "/"), 0);
        assert_int_equal(strv_append(&spec->parameters, "/bin/true"), 0);
        spec->private_users = (UserNamespace){ .mode = USER_NAMESPACE_FIXED, .base = 0x90000, .count = 65536 };
        return spec;
}

static Plan *plan_of(const Spec *spec, const PlanHost *host) {
        Plan *plan;

        assert_int_equal(plan_new(spec, host, &plan, NULL), 0);
        return plan;
}

static size_t position(const Plan *plan, MountKind kind, const char *target) {
        for (size_t i = 0; i < plan->n_mounts; i++)
                if (plan->mounts[i].kind == kind && streq(plan->mounts[i].target, target))
                        return i;
        return SIZE_MAX;
}

static void test_unresolved_is_refused(void **state) {
        _cleanup_spec_ Spec *spec = resolved_spec();
        _cleanup_error_ Error error = ERROR_NULL;
        Plan *plan = NULL;

        spec->private_users = (UserNamespace){ .mode = USER_NAMESPACE_PICK };
        assert_true(plan_new(spec, &unified, &plan, &error) < 0);
        assert_null(plan);
        assert_string_equal(error.object, "web");
}

static void test_namespaces(void **state) {
        _cleanup_spec_ Spec *spec = resolved_spec();
        _cleanup_plan_ Plan *all = plan_of(spec, &unified), *few = NULL;
        const uint64_t always = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWCGROUP;

        assert_int_equal(all->namespaces, always | CLONE_NEWNET | CLONE_NEWUSER);
        assert_int_equal(plan_root_id(all), 0x90000);

        spec->network.mode = NETWORK_HOST;
        spec->private_users = (UserNamespace){ .mode = USER_NAMESPACE_NO };
        few = plan_of(spec, &unified);
        assert_int_equal(few->namespaces, always);
        assert_int_equal(plan_root_id(few), 0);
        /* A sysfs of its own would show the host's network anyway, and cannot be mounted from a user namespace. */
        assert_int_equal(position(few, MOUNT_SYSFS, "/sys"), SIZE_MAX);
        assert_int_not_equal(position(few, MOUNT_HOST_SYS, "/sys"), SIZE_MAX);
}

/* What covers must come after what it covers. */
static void test_mount_order(void **state) {
        _cleanup_spec_ Spec *spec = resolved_spec();
        _cleanup_plan_ Plan *plan = NULL;

        spec->terminal = true;
        plan = plan_of(spec, &hybrid);

        assert_true(position(plan, MOUNT_DEV, "/dev") < position(plan, MOUNT_DEVPTS, "/dev/pts"));
        assert_true(position(plan, MOUNT_DEVPTS, "/dev/pts") < position(plan, MOUNT_CONSOLE, "/dev/console"));
        assert_true(position(plan, MOUNT_PROC, "/proc") < position(plan, MOUNT_READ_ONLY, "/proc/sys"));
        assert_true(position(plan, MOUNT_PROC, "/proc") < position(plan, MOUNT_MASK, "/proc/kcore"));
        assert_true(position(plan, MOUNT_SYSFS, "/sys") < position(plan, MOUNT_MASK, "/sys/firmware"));
        assert_true(position(plan, MOUNT_TMPFS, "/sys/fs/cgroup") < position(plan, MOUNT_CGROUP, "/sys/fs/cgroup"));
        assert_int_not_equal(position(plan, MOUNT_CONSOLE, "/dev/console"), SIZE_MAX);
}

static void test_unified_has_no_cgroup_directory(void **state) {
        _cleanup_spec_ Spec *spec = resolved_spec();
        _cleanup_plan_ Plan *plan = plan_of(spec, &unified);

        assert_int_equal(position(plan, MOUNT_TMPFS, "/sys/fs/cgroup"), SIZE_MAX);
        assert_int_equal(position(plan, MOUNT_CONSOLE, "/dev/console"), SIZE_MAX);
}

#define B(cap) (UINT64_C(1) << (cap))

static void test_capabilities(void **state) {
        _cleanup_spec_ Spec *spec = resolved_spec();
        _cleanup_plan_ Plan *standard = plan_of(spec, &unified), *host_net = NULL, *more = NULL, *none = NULL, *poor = NULL;
        const uint64_t expected = B(CAP_CHOWN) | B(CAP_DAC_OVERRIDE) | B(CAP_FOWNER) | B(CAP_FSETID) | B(CAP_KILL) |
                                  B(CAP_SETGID) | B(CAP_SETUID) | B(CAP_SETFCAP) | B(CAP_NET_BIND_SERVICE) | B(CAP_SYS_CHROOT);
        const PlanHost poor_host = { .unified = true, .capabilities = B(CAP_CHOWN) };

        assert_int_equal(standard->confinement.capabilities, expected | B(CAP_NET_RAW));

        poor = plan_of(spec, &poor_host);
        assert_int_equal(poor->confinement.capabilities, B(CAP_CHOWN));

        spec->network.mode = NETWORK_HOST;
        host_net = plan_of(spec, &unified);
        assert_int_equal(host_net->confinement.capabilities, expected);

        assert_int_equal(setting_assign(setting_by_name("Capability"), spec, "net_admin", NULL), 0);
        more = plan_of(spec, &unified);
        assert_int_equal(more->confinement.capabilities, expected | B(CAP_NET_ADMIN));

        assert_int_equal(setting_assign(setting_by_name("DropCapability"), spec, "all", NULL), 0);
        none = plan_of(spec, &unified);
        assert_int_equal(none->confinement.capabilities, 0);
}

static void test_environment(void **state) {
        _cleanup_spec_ Spec *spec = resolved_spec();
        _cleanup_plan_ Plan *plan = NULL;

        assert_int_equal(strv_append(&spec->environment, "PATH=/opt"), 0);
        plan = plan_of(spec, &unified);
        /* What a user sets wins. */
        assert_string_equal(strv_env_get(plan->environment, "PATH"), "/opt");
        assert_string_equal(strv_env_get(plan->environment, "container"), "berth");
        assert_null(strv_env_get(plan->environment, "TERM"));
        assert_null(strv_env_get(plan->environment, "container_ttys"));
}

/* Numbers are those of a new devpts, in which the console is the first. */
static void test_further_terminals(void **state) {
        _cleanup_spec_ Spec *spec = resolved_spec();
        _cleanup_plan_ Plan *one = NULL, *three = NULL, *own = NULL;

        spec->boot = spec->terminal = true;
        assert_int_equal(setting_assign(setting_by_name("Terminals"), spec, "1", NULL), 0);
        one = plan_of(spec, &unified);
        assert_string_equal(strv_env_get(one->environment, "container_ttys"), "pts/1");
        assert_int_equal(setting_assign(setting_by_name("Terminals"), spec, "3", NULL), 0);
        three = plan_of(spec, &unified);
        assert_string_equal(strv_env_get(three->environment, "container_ttys"), "pts/1 pts/2 pts/3");
        assert_int_equal(strv_append(&spec->environment, "container_ttys=pts/2"), 0);
        own = plan_of(spec, &unified);
        assert_string_equal(strv_env_get(own->environment, "container_ttys"), "pts/2");

        assert_int_equal(setting_assign(setting_by_name("Terminals"), spec, "65", NULL), -EINVAL);
        assert_int_equal(setting_assign(setting_by_name("Terminals"), spec, "-1", NULL), -EINVAL);
}

static void test_print(void **state) {
        _cleanup_spec_ Spec *spec = resolved_spec();
        _cleanup_plan_ Plan *plan = NULL;
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_int_equal(setting_assign(setting_by_name("MemoryMax"), spec, "64M", NULL), 0);
        spec->ephemeral = true;
        plan = plan_of(spec, &unified);
        plan_print(plan, f);
        fclose(f);

        assert_non_null(strstr(text, "scope         berth-web.scope in machine.slice\n"));
        assert_non_null(strstr(text, "property      MemoryMax=64M\n"));
        assert_non_null(strstr(text, "id map        0 589824 65536\n"));
        assert_non_null(strstr(text, "tree          /srv/web ephemeral (snapshot or overlay) id-mapped\n"));
        assert_non_null(strstr(text, "mount         mask /proc/kcore\n"));
        assert_non_null(strstr(text, "exec          /bin/true\n"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_unresolved_is_refused),
                TEST(test_namespaces),
                TEST(test_mount_order),
                TEST(test_unified_has_no_cgroup_directory),
                TEST(test_capabilities),
                TEST(test_environment), TEST(test_further_terminals),
                TEST(test_print),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
