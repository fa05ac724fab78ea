/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec.h"

#include <sys/capability.h>

#include "parse-util.h"
#include "path-util.h"
#include "setting.h"
#include "stores.h"
#include "string-util.h"
#include "strv.h"

Spec *spec_new(void) {
        _cleanup_spec_ Spec *spec = calloc(1, sizeof(Spec));

        if (!spec)
                return NULL;

        FOREACH_SETTING(s)
                if (s->initial && s->type->parse(setting_field(s, spec), s->initial) < 0)
                        return NULL;
        return TAKE_PTR(spec);
}

void spec_link_done(SpecLink *link) {
        SPEC_LINK_FOREACH(part, link)
        free(*part);
        *link = (SpecLink){};
}

Spec *spec_free(Spec *spec) {
        if (!spec)
                return NULL;

        FOREACH_SETTING(s)
                s->type->clear(setting_field(s, spec));
        free(spec->namespaces[NAMESPACE_NET].name);
        free(spec->name);
        free(spec->root);
        spec_link_done(&spec->link);
        free(spec);
        return NULL;
}

static int copy_setting(const Setting *s, const Spec *from, Spec *to) {
        const void *source = setting_field_const(s, from);
        void *target = setting_field(s, to);
        int r;

        s->type->clear(target);

        if (s->type->list) {
                _cleanup_strv_free_ char **items = NULL;

                r = s->type->format_list(source, &items);
                if (r < 0)
                        return r;
                STRV_FOREACH(item, items) {
                        r = s->type->parse(target, *item);
                        if (r < 0)
                                return r;
                }
        } else {
                _cleanup_free_ char *text = NULL;

                r = s->type->format(source, &text);
                if (r < 0)
                        return r;
                if (text)
                        return s->type->parse(target, text);
        }
        return 0;
}

Spec *spec_copy(const Spec *spec) {
        _cleanup_spec_ Spec *copy = calloc(1, sizeof(Spec));

        if (!copy || str_replace(&copy->name, spec->name) < 0 || str_replace(&copy->root, spec->root) < 0)
                return NULL;

        FOREACH_SETTING(s)
                if (copy_setting(s, spec, copy) < 0)
                        return NULL;

        for (size_t i = 0; i < SPEC_LINK_PARTS; i++)
                if (str_replace((char **) &copy->link + i, ((char *const *) &spec->link)[i]) < 0)
                        return NULL;
        copy->terminal = spec->terminal;
        copy->streams = spec->streams;
        copy->remove = spec->remove;
        copy->settings_mode = spec->settings_mode;
        copy->owner = spec->owner;
        copy->timing_usec = spec->timing_usec;
        memcpy(copy->assigned, spec->assigned, sizeof(copy->assigned));
        return TAKE_PTR(copy);
}

int spec_assign_from(Spec *to, const Spec *from, bool replace) {
        FOREACH_SETTING(s) {
                int r;

                if (!setting_is_assigned(s, from) || (setting_is_assigned(s, to) && !replace))
                        continue;
                r = copy_setting(s, from, to);
                if (r < 0)
                        return r;
                to->assigned[s - settings] = true;
        }
        return 0;
}

static const char *const settings_modes[_SETTINGS_MODE_MAX] = {
        [SETTINGS_YES] = "yes",
        [SETTINGS_NO] = "no",
        [SETTINGS_OVERRIDE] = "override",
        [SETTINGS_TRUSTED] = "trusted",
};

const char *settings_mode_to_string(SettingsMode mode) {
        return settings_modes[mode];
}

int settings_mode_from_string(const char *text, SettingsMode *ret) {
        bool wanted;

        for (SettingsMode i = 0; i < _SETTINGS_MODE_MAX; i++)
                if (streq(settings_modes[i], text)) {
                        *ret = i;
                        return 0;
                }
        if (parse_boolean(text, &wanted) < 0)
                return -EINVAL;
        *ret = wanted ? SETTINGS_YES : SETTINGS_NO;
        return 0;
}

int spec_check_name(const char *name, Error *error) {
        char *checked = NULL;
        int r = type_hostname.parse(&checked, name);

        free(checked);
        if (r == -EINVAL)
                return error_set(error, ERROR_INVALID_NAME, EINVAL, "checking the machine name", name,
                                 "a name is letters, digits, '-' and '.', at most %i, with no '-' or '.' at an end of its parts",
                                 SPEC_NAME_MAX);
        return r;
}

bool spec_is_resolved(const Spec *spec) {
        return spec->name && spec->root && spec->hostname && spec->working_directory &&
               spec->private_users.mode != USER_NAMESPACE_PICK && (spec->boot || strv_length(spec->parameters) > 0);
}

bool spec_has_layer(const Spec *spec) {
        if (spec->ephemeral || spec->read_only || spec->volatile_mode != VOLATILE_NO)
                return false;
        return spec->writable_layer || spec->disk_max > 0 || spec->lower;
}

/* Only what is directly in a folder counts: below it names are the machine's, and may be links that lead out. */
bool spec_path_is_in_store(const char *path) {
        for (size_t i = 0; i < stores_count; i++) {
                const char *name = startswith(path, stores[i]);

                if (name && name[0] == '/' && name[1] && !strchr(name + 1, '/') && path_is_normalized(path))
                        return true;
        }
        return false;
}

bool spec_unmasks(const Spec *spec, const char *path) {
        return spec->privileged || strv_contains(spec->unmask, "all") || strv_contains(spec->unmask, path);
}

/* What an application may do as root of its machine; docker's users know this list, less MKNOD, SETPCAP and AUDIT_WRITE. */
#define B(cap) (UINT64_C(1) << (cap))
static const uint64_t application_capabilities =
        B(CAP_CHOWN) | B(CAP_DAC_OVERRIDE) | B(CAP_FOWNER) | B(CAP_FSETID) | B(CAP_KILL) | B(CAP_SETGID) | B(CAP_SETUID) |
        B(CAP_SETFCAP) | B(CAP_NET_BIND_SERVICE) | B(CAP_SYS_CHROOT);

/*
 * What a system inside needs besides: to mount, to limit and trace its services, to halt. Only in a user namespace, where all
 * of it ends at what belongs to that namespace. Not in it is what no namespace gives (modules, the clock, raw IO, the kernel's log).
 */
static const uint64_t system_capabilities = B(CAP_AUDIT_CONTROL) | B(CAP_AUDIT_WRITE) | B(CAP_DAC_READ_SEARCH) |
                                            B(CAP_IPC_OWNER) | B(CAP_LEASE) | B(CAP_LINUX_IMMUTABLE) | B(CAP_NET_BROADCAST) |
                                            B(CAP_SETPCAP) | B(CAP_SYS_ADMIN) | B(CAP_SYS_BOOT) | B(CAP_SYS_NICE) |
                                            B(CAP_SYS_PTRACE) | B(CAP_SYS_RESOURCE) | B(CAP_SYS_TTY_CONFIG);

uint64_t spec_effective_capabilities(const Spec *spec) {
        uint64_t mask = application_capabilities;

        if ((spec->boot || spec->nesting) && spec->private_users.mode != USER_NAMESPACE_NO)
                mask |= system_capabilities | (spec_has_own_network(spec) ? B(CAP_NET_ADMIN) : 0);

        /* On the host's network raw sockets would read what is not the machine's. */
        if (spec->network.mode != NETWORK_HOST)
                mask |= B(CAP_NET_RAW);
        if (spec->privileged)
                mask = B(CAP_LAST_CAP + 1) - 1;
        return (mask | spec->capability) & ~spec->drop_capability;
}
