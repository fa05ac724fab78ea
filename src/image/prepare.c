/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "prepare.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clone-tree.h"
#include "config.h"
#include "fd-util.h"
#include "file-util.h"
#include "id-map.h"
#include "image-tree.h"
#include "lock-file.h"
#include "name.h"
#include "path-util.h"
#include "range.h"
#include "resolve.h"
#include "setting.h"
#include "spec-json.h"
#include "string-util.h"
#include "strv.h"

const Places places_default = { .run = BERTH_RUN_DIR, .state = BERTH_STATE_DIR, .ranges = RANGE_DIRECTORY };

enum {
        NAME_TRIES = 16,
        WAIT_TRIES = 200, /* of 5 ms each */
};

int places_open_machines(const Places *places, bool plans) {
        _cleanup_free_ char *path = str_format("%s/%s", places->run, plans ? "plans" : "machines");
        int r, fd;

        if (!path)
                return -ENOMEM;
        r = directory_make(places->run, 0755);
        if (r >= 0)
                r = directory_make(path, 0700);
        if (r < 0)
                return r;

        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? negative_errno() : fd;
}

void preparation_done(Preparation *p) {
        p->spec = spec_free(p->spec);
        free(p->entry_name);
        (void) fd_close(p->machines);
        entry_done(&p->entry);
        (void) fd_close(p->tree);
        (void) fd_close(p->range_lock);
        (void) fd_close(p->address_lock);
        namespaces_done(&p->namespaces);
        *p = PREPARATION_NULL;
}

void preparation_undo(Preparation *p) {
        /* The lock goes first: who takes the name next must find the range free as well. */
        p->range_lock = fd_close(p->range_lock);
        if (p->address_lock >= 0) {
                p->address_lock = fd_close(p->address_lock);
                network_unresolve(p->places->run, p->spec);
        }
        if (p->entry.lock >= 0)
                (void) entry_remove(p->machines, p->entry_name, &p->entry);
        preparation_done(p);
}

/* 1 where NAME has kept settings in the state folder. */
static int name_is_kept(const Places *places, const char *name) {
        _cleanup_free_ char *path = str_format("%s/machines/%s/spec.json", places->state, name);

        if (!path)
                return -ENOMEM;
        if (access(path, F_OK) >= 0)
                return 1;
        return errno == ENOENT || errno == ENOTDIR ? 0 : negative_errno();
}

static int name_is_running(const Places *places, const char *name) {
        _cleanup_free_ char *path = str_format("%s/machines/%s/lock", places->run, name);

        return path ? lock_file_is_held(AT_FDCWD, path) : -ENOMEM;
}

static int wait_a_moment(void) {
        return nanosleep(&(struct timespec){ .tv_nsec = 5 * 1000 * 1000 }, NULL) < 0 ? negative_errno() : 0;
}

/* A plan gets a place of its own, so that it can be made for the name of a machine that others plan, too. */
static int enter_plan(const Places *places, Preparation *p) {
        int r = name_is_running(places, p->spec->name);

        if (r != 0)
                return r < 0 ? r : -EAGAIN;
        p->entry_name = name_with_suffix(p->spec->name);
        return p->entry_name ? entry_make(p->machines, p->entry_name, &p->entry) : -ENOMEM;
}

static int enter_registry(PrepareFlags flags, Preparation *p) {
        int r;

        p->entry_name = strdup(p->spec->name);
        if (!p->entry_name)
                return -ENOMEM;

        for (int i = 0;; i++) {
                r = entry_make(p->machines, p->entry_name, &p->entry);
                if (r != -EAGAIN || !(flags & PREPARE_WAIT) || i >= WAIT_TRIES || wait_a_moment() < 0)
                        return r;
        }
}

/* Takes the entry for the name in the spec. -EAGAIN: it is taken. */
static int enter(const Places *places, PrepareFlags flags, Preparation *p) {
        int r;

        assert(!p->entry_name);

        if (flags & PREPARE_NEW) {
                r = name_is_kept(places, p->spec->name);
                if (r != 0)
                        return r < 0 ? r : -EAGAIN;
        }

        r = flags & PREPARE_PLAN ? enter_plan(places, p) : enter_registry(flags, p);
        if (r < 0) {
                free(p->entry_name);
                p->entry_name = NULL;
        }
        return r;
}

static int enter_given(const Places *places, PrepareFlags flags, Preparation *p, Error *error) {
        static const char step[] = "taking the machine name";
        const char *name = p->spec->name;
        int r = spec_check_name(name, error);

        if (r < 0)
                return r;

        r = enter(places, flags, p);
        if (r == -EAGAIN && name_is_running(places, name) == 0)
                return error_set(
                        error, ERROR_MACHINE_EXISTS, EEXIST, step, name,
                        "there is a stopped machine of this name: run it with 'berth start %s' or remove it with 'berth rm %s'",
                        name, name);
        if (r == -EAGAIN)
                return error_set(error, ERROR_MACHINE_EXISTS, EEXIST, step, name, "a machine of this name is running");
        return r < 0 ? error_set_errno(error, r, step, name) : 0;
}

/* The tree's own name if it is free, else with random digits behind it. */
static int enter_picked(const Places *places, PrepareFlags flags, Preparation *p, Error *error) {
        static const char step[] = "choosing a machine name";
        _cleanup_free_ char *stem = name_from_tree(p->spec->root);

        for (int i = 0; stem && i < NAME_TRIES; i++) {
                int r;

                free(p->spec->name);
                p->spec->name = i == 0 ? strdup(stem) : name_with_suffix(stem);
                if (!p->spec->name)
                        return error_oom(error);

                /* The manager may still have to record the end of a dead entry's machine: it is not for others to take. */
                if ((flags & PREPARE_NEW) && faccessat(p->machines, p->spec->name, F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                        continue;

                r = enter(places, flags, p);
                if (r >= 0)
                        return 0;
                if (r != -EAGAIN)
                        return error_set_errno(error, r, step, p->spec->name);
        }

        return stem ? error_set(error, ERROR_NO_RANGE, EBUSY, step, stem, "no free name was found") : error_oom(error);
}

static int compare_ranges(const void *a, const void *b) {
        const UserNamespace *x = a, *y = b;

        return x->base < y->base ? -1 : x->base > y->base;
}

/* The ids of all lines outside, those that users and groups have in common once. */
static int take_lines(const Places *places, Preparation *p, Error *error) {
        char *const *const maps[] = { p->spec->uid_map, p->spec->gid_map };
        UserNamespace ranges[2 * ID_MAP_LINES_MAX];
        size_t n = 0, merged = 0;

        for (size_t i = 0; i < ELEMENTSOF(maps); i++)
                STRV_FOREACH(line, maps[i]) {
                        IdMap map;

                        if (id_map_parse(*line, &map) >= 0)
                                ranges[n++] = (UserNamespace){ USER_NAMESPACE_FIXED, map.outside, map.count };
                }
        qsort(ranges, n, sizeof(ranges[0]), compare_ranges);

        for (size_t i = 1; i < n; i++) {
                UserNamespace *last = &ranges[merged];
                uint32_t end = ranges[i].base + ranges[i].count;

                if (ranges[i].base >= last->base + last->count)
                        ranges[++merged] = ranges[i];
                else if (end > last->base + last->count)
                        last->count = end - last->base;
        }
        return range_lock_all(places->ranges, ranges, merged + 1, &p->range_lock, error);
}

static int take_range(const Places *places, Preparation *p, Error *error) {
        UserNamespace *users = &p->spec->private_users;
        int r = spec_resolve_id_maps(p->spec, error);

        if (r < 0)
                return r;
        if (p->spec->uid_map)
                return take_lines(places, p, error);

        switch (users->mode) {
        case USER_NAMESPACE_NO:
        case USER_NAMESPACE_IDENTITY:
        case USER_NAMESPACE_JOINED:
                return 0;
        case USER_NAMESPACE_FIXED:
                return range_lock(places->ranges, users, &p->range_lock, error);
        case USER_NAMESPACE_PICK:
                break;
        }

        /* "pick" is the default: back to it, so that the range of this run is not taken for the user's own choice when settings are kept. */
        r = setting_assign(setting_by_name("PrivateUsers"), p->spec, "", error);
        if (r < 0)
                return r;
        return range_pick(places->ranges, p->spec->name, users, &p->range_lock, error);
}

/* The shell that a machine without a command runs, as systemd-nspawn does. */
static const char *default_shell(int tree) {
        _cleanup_close_ int fd = path_open_in_root(tree, "/bin/bash", O_PATH);

        return fd < 0 ? "/bin/sh" : "/bin/bash";
}

/* What a system that boots wants otherwise, where nobody has said what he wants. */
static int fill_boot_defaults(Spec *spec, Error *error) {
        const Setting *kill_signal = setting_by_name("KillSignal"), *no_new_privileges = setting_by_name("NoNewPrivileges");

        /* systemd(1): the signal that starts poweroff.target. */
        if (!setting_is_assigned(kill_signal, spec))
                spec->kill_signal = SIGRTMIN + 3;
        /* Its services have users of their own, and set-user-id programs. */
        if (!setting_is_assigned(no_new_privileges, spec))
                spec->no_new_privileges = false;
        /* It logs to /dev/console, which is the terminal. */
        spec->terminal = !spec->streams;

        if (spec->process_two || spec->user)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the settings",
                                 spec->process_two ? "ProcessTwo" : "User",
                                 "it does not go with Boot=: the init is process 1, and root");
        return 0;
}

static int fill_defaults(Preparation *p, Error *error) {
        Spec *spec = p->spec;

        if (spec->boot && fill_boot_defaults(spec, error) < 0)
                return -EINVAL;
        if (!spec->boot && spec->terminals > 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the settings", "Terminals",
                                 "it goes with Boot= only: without an init inside nobody opens them");

        if ((!spec->hostname && str_replace(&spec->hostname, spec->name) < 0) ||
            (!spec->working_directory && str_replace(&spec->working_directory, "/") < 0) ||
            (!spec->boot && strv_length(spec->parameters) == 0 && strv_append(&spec->parameters, default_shell(p->tree)) < 0))
                return error_oom(error);

        assert(spec_is_resolved(spec));
        return 0;
}

static int fill_entry(Preparation *p, Error *error) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = spec_to_json(p->spec, 0, &text);
        if (r == -EILSEQ)
                return error_set(error, ERROR_INVALID_VALUE, EILSEQ, "writing the spec", p->spec->name,
                                 "a setting holds bytes that are no UTF-8 text");
        if (r >= 0)
                r = file_replace_at(p->entry.dir, "spec.json", text, strlen(text), 0600);
        if (r >= 0 && mkdirat(p->entry.dir, "root", 0700) < 0)
                r = negative_errno();
        return r < 0 ? error_set_errno(error, r, "writing the spec", p->spec->name) : 0;
}

/* What would be made from a template is, in a plan, the template. */
static int plan_template(Spec *spec, Error *error) {
        int r = template_is_wanted(spec, error);

        return r > 0 && str_replace(&spec->root, spec->template_tree) < 0 ? error_oom(error) : r;
}

static int check_tree(Preparation *p, PrepareFlags flags, Error *error) {
        int r = flags & PREPARE_PLAN ? plan_template(p->spec, error) : 0;

        if (r < 0)
                return r;
        if (!p->spec->root || !path_is_normalized(p->spec->root))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "opening the tree", strempty(p->spec->root),
                                 "a tree is given by an absolute path without '.' and '..'");
        r = tree_open(p->spec->root, &p->tree, error);
        return r < 0 ? r : tree_check_exposure(p->tree, p->spec, error);
}

/* A plan's entry is elsewhere, but those that it joins are in the registry. */
static int join_namespaces(const Places *places, PrepareFlags flags, Preparation *p, Error *error) {
        _cleanup_close_ int machines = -EBADF;
        int r = spec_resolve_namespaces(p->spec, error);

        if (r < 0)
                return r;
        machines = flags & PREPARE_PLAN ? places_open_machines(places, false) : fd_dup(p->machines);
        if (machines < 0)
                return error_set_errno(error, machines, "opening the registry", places->run);
        return namespaces_open(machines, p->spec, &p->namespaces, error);
}

int prepare(const Places *places, Spec *spec, PrepareFlags flags, Preparation *ret, Error *error) {
        _cleanup_preparation_ Preparation p = PREPARATION_NULL;
        int r;

        p.places = places;
        p.spec = spec;
        r = check_tree(&p, flags, error);
        if (r < 0)
                return r;

        p.machines = places_open_machines(places, flags & PREPARE_PLAN);
        if (p.machines < 0)
                return error_set_errno(error, p.machines, "opening the registry", places->run);

        r = isempty(spec->name) ? enter_picked(places, flags, &p, error) : enter_given(places, flags, &p, error);
        if (r >= 0)
                r = network_resolve(places->run, places->state, p.spec, &p.address_lock, error);
        if (r >= 0)
                r = join_namespaces(places, flags, &p, error);
        if (r >= 0)
                r = take_range(places, &p, error);
        if (r >= 0)
                r = fill_defaults(&p, error);
        if (r >= 0)
                r = fill_entry(&p, error);
        if (r < 0)
                return r;

        *ret = p;
        p = PREPARATION_NULL;
        return 0;
}
