/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "namespace.h"

#include <sched.h>

#include "fd-util.h"
#include "path-util.h"
#include "setting.h"
#include "string-util.h"

static const char step[] = "choosing the namespaces";

static const struct {
        const char *name;
        uint64_t flag;
        const char *setting;
} kinds[] = {
        [NAMESPACE_USER] = { "user", CLONE_NEWUSER, "UserNamespace" },
        [NAMESPACE_PID] = { "pid", CLONE_NEWPID, "PIDNamespace" },
        [NAMESPACE_IPC] = { "ipc", CLONE_NEWIPC, "IPCNamespace" },
        [NAMESPACE_UTS] = { "uts", CLONE_NEWUTS, "UTSNamespace" },
        [NAMESPACE_NET] = { "net", CLONE_NEWNET, "Network" },
        [NAMESPACE_CGROUP] = { "cgroup", CLONE_NEWCGROUP, "CGroupNamespace" },
};
static_assert(ELEMENTSOF(kinds) == _NAMESPACE_KIND_MAX, "each kind of namespace has a row");

const char *namespace_kind_name(NamespaceKind kind) {
        return kinds[kind].name;
}

uint64_t namespace_kind_flag(NamespaceKind kind) {
        return kinds[kind].flag;
}

int namespace_kind_from_name(const char *name, NamespaceKind *ret) {
        for (NamespaceKind kind = 0; kind < _NAMESPACE_KIND_MAX; kind++)
                if (streq(kinds[kind].name, name)) {
                        *ret = kind;
                        return 0;
                }
        return -EINVAL;
}

void namespaces_done(Namespaces *namespaces) {
        fd_close_many(namespaces->fds, ELEMENTSOF(namespaces->fds));
}

/* namespaces: a NamespaceChoice */

static void clear_namespace(void *field) {
        NamespaceChoice *choice = field;

        free(choice->name);
        *choice = (NamespaceChoice){};
}

static int set_named(NamespaceChoice *choice, NamespaceMode mode, const char *name) {
        int r = str_replace(&choice->name, name);

        if (r >= 0)
                choice->mode = mode;
        return r;
}

static int parse_namespace(void *field, const char *text) {
        const char *machine = startswith(text, "container:"), *path = startswith(text, "ns:");
        char *checked = NULL;

        if (machine) {
                int r = type_hostname.parse(&checked, machine);

                free(checked);
                return r < 0 ? r : set_named(field, NAMESPACE_MACHINE, machine);
        }
        if (path)
                return path_is_normalized(path) && !str_is_unprintable(path, "") ? set_named(field, NAMESPACE_PATH, path)
                                                                                 : -EINVAL;
        if (!streq(text, "private") && !streq(text, "host"))
                return -EINVAL;
        clear_namespace(field);
        ((NamespaceChoice *) field)->mode = streq(text, "host") ? NAMESPACE_HOST : NAMESPACE_PRIVATE;
        return 0;
}

static int format_namespace(const void *field, char **ret) {
        const NamespaceChoice *choice = field;

        switch (choice->mode) {
        case NAMESPACE_PRIVATE:
                *ret = strdup("private");
                break;
        case NAMESPACE_HOST:
                *ret = strdup("host");
                break;
        case NAMESPACE_MACHINE:
                *ret = str_format("container:%s", choice->name);
                break;
        case NAMESPACE_PATH:
                *ret = str_format("ns:%s", choice->name);
                break;
        }
        return *ret ? 0 : -ENOMEM;
}

static bool namespace_reaches_host(const void *field) {
        return ((const NamespaceChoice *) field)->mode != NAMESPACE_PRIVATE;
}

const SettingType type_namespace = {
        .name = "namespace", .metavar = "NAMESPACE", .signature = "s",
        .allowed = "private, host, container: and the name of a running machine, or ns: and the path of a namespace's file",
        .parse = parse_namespace, .format = format_namespace, .clear = clear_namespace, .reaches_host = namespace_reaches_host,
};

/* Completing and checking */

static int refuse(NamespaceKind kind, Error *error, const char *reason) {
        return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, kinds[kind].setting, "%s", reason);
}

/* The one machine whose namespaces are joined, NULL if there is none. */
static int find_machine(const Spec *spec, const char **ret, Error *error) {
        *ret = NULL;
        for (NamespaceKind kind = 0; kind < _NAMESPACE_KIND_MAX; kind++) {
                const NamespaceChoice *choice = &spec->namespaces[kind];

                if (choice->mode != NAMESPACE_MACHINE)
                        continue;
                if (*ret && !streq(*ret, choice->name))
                        return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, kinds[kind].setting,
                                         "those of %s and %s belong to two user namespaces, and the machine can be in one", *ret,
                                         choice->name);
                *ret = choice->name;
        }
        return 0;
}

static int resolve_user(Spec *spec, Error *error) {
        NamespaceChoice *user = &spec->namespaces[NAMESPACE_USER];
        bool given = setting_is_assigned(setting_by_name("PrivateUsers"), spec);
        const char *machine;
        int r = find_machine(spec, &machine, error);

        if (r < 0)
                return r;
        if (machine && user->mode == NAMESPACE_PRIVATE) {
                r = set_named(user, NAMESPACE_MACHINE, machine);
                if (r < 0)
                        return error_oom(error);
        } else if (machine && user->mode != NAMESPACE_MACHINE)
                return refuse(NAMESPACE_USER, error,
                              "a machine's namespaces can be joined from within its own user namespace alone");

        if (user->mode == NAMESPACE_PRIVATE)
                return spec->private_users.mode == USER_NAMESPACE_JOINED
                               ? refuse(NAMESPACE_USER, error, "nothing says whose user namespace is to be joined")
                               : 0;
        if (given && spec->private_users.mode != (user->mode == NAMESPACE_HOST ? USER_NAMESPACE_NO : USER_NAMESPACE_JOINED))
                return refuse(NAMESPACE_USER, error, "PrivateUsers= is for a user namespace of its own, which it does not get");

        spec->private_users = (UserNamespace){ .mode = user->mode == NAMESPACE_HOST ? USER_NAMESPACE_NO : USER_NAMESPACE_JOINED };
        return 0;
}

int spec_take_network_namespace(Spec *spec) {
        NamespaceChoice *net = &spec->namespaces[NAMESPACE_NET];

        clear_namespace(net);
        switch (spec->network.mode) {
        case NETWORK_MACHINE:
                return set_named(net, NAMESPACE_MACHINE, spec->network.name);
        case NETWORK_NAMESPACE:
                return set_named(net, NAMESPACE_PATH, spec->network.name);
        case NETWORK_HOST:
                net->mode = NAMESPACE_HOST;
                return 0;
        default:
                return 0;
        }
}

int spec_resolve_namespaces(Spec *spec, Error *error) {
        const NamespaceChoice *all = spec->namespaces;
        int r = spec_take_network_namespace(spec);

        if (r < 0)
                return error_oom(error);
        r = resolve_user(spec, error);

        if (r < 0)
                return r;

        if (all[NAMESPACE_PID].mode != NAMESPACE_PRIVATE && all[NAMESPACE_USER].mode == NAMESPACE_PRIVATE &&
            spec->private_users.mode != USER_NAMESPACE_NO)
                return refuse(NAMESPACE_PID, error,
                              "with a user namespace of its own the machine would see processes that it has no right to; "
                              "say UserNamespace=host too, or join the user namespace that they are in");
        if (all[NAMESPACE_PID].mode != NAMESPACE_PRIVATE && spec->process_two)
                return refuse(NAMESPACE_PID, error, "ProcessTwo= needs a process 1 of the machine's own");
        if (all[NAMESPACE_UTS].mode != NAMESPACE_PRIVATE && setting_is_assigned(setting_by_name("Hostname"), spec))
                return refuse(NAMESPACE_UTS, error, "Hostname= would be set for the others as well");
        return 0;
}
