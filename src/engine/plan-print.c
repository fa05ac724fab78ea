/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/capability.h>

#include "hosts.h"
#include "parse-util.h"
#include "plan.h"
#include "setting.h"
#include "strv.h"

static const struct {
        uint64_t flag;
        const char *name;
} namespace_names[] = {
        { CLONE_NEWUSER, "user" },     { CLONE_NEWPID, "pid" },  { CLONE_NEWNET, "net" }, { CLONE_NEWIPC, "ipc" },
        { CLONE_NEWUTS, "uts" },       { CLONE_NEWNS, "mnt" },   { CLONE_NEWCGROUP, "cgroup" },
        { CLONE_NEWTIME, "time" },
}, attribute_names[] = {
        { MOUNT_ATTR_RDONLY, "ro" },     { MOUNT_ATTR_NOSUID, "nosuid" },
        { MOUNT_ATTR_NODEV, "nodev" },   { MOUNT_ATTR_NOEXEC, "noexec" },
        { MOUNT_ATTR_STRICTATIME, "strictatime" }, { MOUNT_ATTR_NOATIME, "noatime" },
        { MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow" },
};

static void print_capabilities(const char *title, uint64_t capabilities, FILE *f) {
        fprintf(f, "%-13s", title);
        for (cap_value_t cap = 0; cap <= CAP_LAST_CAP; cap++)
                if (capabilities & UINT64_C(1) << cap) {
                        char *name = cap_to_name(cap);

                        fprintf(f, " %s", name ? name : "?");
                        cap_free(name);
                }
        fprintf(f, "%s\n", capabilities ? "" : " none");
}

static void print_filter(const Plan *plan, FILE *f) {
        const FilterPolicy *filter = &plan->filter;

        fprintf(f, "system calls  %s", filter->none ? "all" : filter->profile ? "a profile" : "the default list");
        STRV_FOREACH(word, filter->words)
                fprintf(f, " %s", *word);
        fputc('\n', f);
}

static void print_mounts(const Plan *plan, FILE *f) {
        static const char *const owners[] = {
                [MOUNT_OWNERS_HOST] = "",
                [MOUNT_OWNERS_MACHINE] = " idmap",
                [MOUNT_OWNERS_ROOT] = " rootidmap",
                [MOUNT_OWNERS_TARGET] = " owneridmap",
        };

        for (size_t i = 0; i < plan->n_mounts; i++) {
                const PlannedMount *m = &plan->mounts[i];

                fprintf(f, "mount         %s %s", mount_kind_name(m->kind), m->target);
                if (m->sources)
                        fprintf(f, " from");
                STRV_FOREACH(source, m->sources)
                        fprintf(f, " %s", **source ? *source : "(temporary)");
                if (m->kind == MOUNT_BIND)
                        fprintf(f, "%s%s", owners[m->owners], m->recursive ? "" : " norbind");
                for (size_t j = 0; j < ELEMENTSOF(attribute_names); j++)
                        if (m->attributes & attribute_names[j].flag)
                                fprintf(f, " %s", attribute_names[j].name);
                fprintf(f, "%s%s\n", m->options ? " " : "", strempty(m->options));
        }
}

static void print_network(const Plan *plan, FILE *f) {
        const SpecLink *link = &plan->spec->link;
        _cleanup_free_ char *mode = NULL;

        if (type_network.format(&plan->spec->network, &mode) < 0)
                return;
        fprintf(f, "network       %s%s%s\n", mode, link->bridge ? " on bridge " : "", strempty(link->bridge));
        if (!link->host)
                return;
        fprintf(f, "link          %s on the host, %s in the machine%s%s\n", link->host, link->inside, link->mac ? ", " : "",
                strempty(link->mac));
        if (link->address)
                fprintf(f, "address       %s%s%s\n", link->address, link->gateway ? " via " : "", strempty(link->gateway));
        if (link->address6)
                fprintf(f, "address       %s%s%s\n", link->address6, link->gateway6 ? " via " : "", strempty(link->gateway6));
}

static void print_scope(const Plan *plan, FILE *f) {
        const Spec *spec = plan->spec;

        fprintf(f, "scope         berth-%s.scope in %s\n", spec->name, spec->slice);
        FOREACH_SETTING(s) {
                _cleanup_strv_free_ char **items = NULL;
                _cleanup_free_ char *text = NULL;

                /* Slice, time-out and kill mode have lines of their own, and Property= comes last. */
                if (s->section != SECTION_RESOURCES || s->type == &type_slice || s->type == &type_timespan ||
                    s->type == &type_kill_mode || s->type == &type_properties)
                        continue;
                if (s->type->list && s->type->format_list(setting_field_const(s, spec), &items) >= 0)
                        STRV_FOREACH(item, items)
                                fprintf(f, "property      %s=%s\n", s->name, *item);
                if (!s->type->list && s->type->format(setting_field_const(s, spec), &text) >= 0 && text)
                        fprintf(f, "property      %s=%s\n", s->name, text);
        }
        STRV_FOREACH(p, spec->property)
                fprintf(f, "property      %s\n", *p);
}

/* What of a process the settings change, as they say it. */
static void print_process(const Spec *spec, FILE *f) {
        static const struct {
                const SettingType *type;
                const char *label;
        } kinds[] = {
                { &type_limit_number, "limit" },  { &type_limit_size, "limit" },  { &type_limit_seconds, "limit" },
                { &type_limit_usec, "limit" },    { &type_limit_nice, "limit" },  { &type_oom_score, "process" },
                { &type_personality, "process" }, { &type_offset, "clock" },      { &type_cpus, "process" },
        };

        FOREACH_SETTING(s)
                for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                        _cleanup_free_ char *text = s->type == kinds[i].type ? setting_format(s, spec, " ") : NULL;

                        if (!isempty(text))
                                fprintf(f, "%-13s %s=%s\n", kinds[i].label, s->name, text);
                }
}

/* What systemd is told of as well, and does not do on this host. */
static void print_limits(const CgroupLimits *limits, FILE *f) {
        char size[FORMAT_SIZE_MAX];

        if (limits->memory_swap_max != LIMIT_NONE)
                fprintf(f, "limit         memory.memsw.limit_in_bytes %s above MemoryMax\n",
                        format_size(limits->memory_swap_max, size));
        if (limits->memory_low > 0)
                fprintf(f, "limit         memory.soft_limit_in_bytes %s\n", format_size(limits->memory_low, size));
        if (limits->cpus)
                fprintf(f, "limit         cpuset.cpus %s\n", limits->cpus);
        if (limits->nodes)
                fprintf(f, "limit         cpuset.mems %s\n", limits->nodes);
        STRV_FOREACH(item, limits->read_iops)
                fprintf(f, "limit         blkio.throttle.read_iops_device %s\n", *item);
        STRV_FOREACH(item, limits->write_iops)
                fprintf(f, "limit         blkio.throttle.write_iops_device %s\n", *item);
}

static void print_tree(const Plan *plan, FILE *f) {
        static const char *const modes[] = {
                [TREE_WRITABLE] = "writable",
                [TREE_READ_ONLY] = "read-only",
                [TREE_EPHEMERAL] = "ephemeral (snapshot or overlay)",
                [TREE_LAYER] = "with a layer of its own (overlay)",
                [TREE_USR] = "its /usr alone, read-only",
        };
        static const char *const owners[] = {
                [OWNERSHIP_AUTO] = " id-mapped",
                [OWNERSHIP_MAP] = " id-mapped",
                [OWNERSHIP_CHOWN] = " chowned",
                [OWNERSHIP_OFF] = "",
        };
        const Spec *spec = plan->spec;
        char size[FORMAT_SIZE_MAX];

        fprintf(f, "tree          %s %s%s\n", spec->root, modes[plan->tree_mode],
                plan->has_id_map ? owners[spec->ownership] : "");
        STRV_FOREACH(l, spec->lower)
                fprintf(f, "lower         %s\n", *l);
        if (spec->disk_max > 0)
                fprintf(f, "disk          %s\n", format_size(spec->disk_max, size));
}

static void print_confinement(const Plan *plan, FILE *f) {
        const Confinement *c = &plan->confinement;

        print_capabilities("capabilities", c->capabilities, f);
        if (c->ambient)
                print_capabilities("ambient", c->ambient, f);
        if (c->labels.apparmor)
                fprintf(f, "label         apparmor %s\n", c->labels.apparmor);
        if (c->labels.selinux)
                fprintf(f, "label         selinux %s\n", c->labels.selinux);
        print_process(plan->spec, f);
        fprintf(f, "privileges    %s\n", c->no_new_privileges ? "no new ones" : "by executable");
        print_filter(plan, f);
}

void plan_print(const Plan *plan, FILE *f) {
        const Spec *spec = plan->spec;
        char signal[SIGNAL_NAME_MAX], span[FORMAT_USEC_MAX];

        fprintf(f, "machine       %s\n", spec->name);
        print_scope(plan, f);
        print_limits(&plan->cgroup_limits, f);

        fprintf(f, "namespaces   ");
        for (size_t i = 0; i < ELEMENTSOF(namespace_names); i++)
                if (plan->namespaces & namespace_names[i].flag)
                        fprintf(f, " %s", namespace_names[i].name);
        fputc('\n', f);
        for (NamespaceKind kind = 0; kind < _NAMESPACE_KIND_MAX; kind++)
                if (plan->joined & namespace_kind_flag(kind))
                        fprintf(f, "namespace     %s of %s\n", namespace_kind_name(kind), strempty(spec->namespaces[kind].name));

        if (plan->has_id_map)
                fprintf(f, "id map        %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", plan->id_map.inside, plan->id_map.outside,
                        plan->id_map.count);
        STRV_FOREACH(line, spec->uid_map)
                fprintf(f, "user ids      %s\n", *line);
        STRV_FOREACH(line, spec->gid_map)
                fprintf(f, "group ids     %s\n", *line);
        fprintf(f, "hostname      %s\n", spec->hostname);
        print_network(plan, f);
        print_tree(plan, f);
        if (hosts_are_shown(plan->spec))
                fprintf(f, "file          /etc/hosts%s\n",
                        hosts_are_shared(plan->spec) ? " with the machines of its network" : "");
        if (plan->resolv_conf)
                fprintf(f, "file          /etc/resolv.conf as the host has it\n");
        print_mounts(plan, f);
        for (const PlannedNode *n = plan->nodes; n->name; n++)
                fprintf(f, "node          /dev/%s c %" PRIu32 ":%" PRIu32 "\n", n->name, n->major, n->minor);
        STRV_FOREACH(d, spec->devices)
                fprintf(f, "device        %s\n", *d);
        for (const PlannedLink *l = plan->links; l->name; l++)
                fprintf(f, "link          /dev/%s -> %s\n", l->name, l->target);

        fprintf(f, "user          %s\n", spec->user ? spec->user : "root");
        fprintf(f, "directory     %s\n", spec->working_directory);
        print_confinement(plan, f);
        STRV_FOREACH(e, plan->environment)
                fprintf(f, "environment   %s\n", *e);
        fprintf(f, "stop          %s to %s, %s\n", signal_name(spec->kill_signal, signal),
                streq(spec->kill_mode, "mixed") ? "the command" : "all processes", format_usec(spec->timeout_stop_usec, span));
        if (spec->process_two)
                fprintf(f, "init          as PID 1, the command as PID 2\n");
        fprintf(f, "exec         ");
        STRV_FOREACH(p, spec->parameters)
                fprintf(f, " %s", *p);
        fputc('\n', f);
}
