/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drop-ins.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "log.h"
#include "machine-bus.h"
#include "resource.h"
#include "set-property.h"
#include "setting.h"
#include "string-util.h"
#include "strv.h"

/* lookup_paths.transient of systemd: where the drop-ins of transient units are, and go with them. */
#define FOLDER "/run/systemd/transient"

struct DropIns {
        Manager *manager;
        DropIns *next;
        char *unit;
        sd_event_source *source; /* inotify of the unit's own folder */
};

/* Reading */

static void read_line(Spec *spec, const char *line) {
        size_t n = strcspn(line, "=");
        _cleanup_free_ char *name = line[n] ? strndup(line, n) : NULL;
        const Setting *s = name ? setting_by_name(name) : NULL;

        if (!s || s->section != SECTION_RESOURCES || s->type == &type_properties || !resource_by_name(name))
                return;
        /* systemd writes a list as a whole, with an empty assignment first. What it took, we may not know. */
        (void) setting_assign(s, spec, line + n + 1, NULL);
}

static void read_file(int dir, const char *name, Spec *spec) {
        _cleanup_strv_free_ char **lines = NULL;
        _cleanup_free_ char *text = NULL;

        if (file_read_at(dir, name, FILE_MAX_DEFAULT, &text, NULL) < 0 || strv_split(text, "\n", &lines) < 0)
                return;
        STRV_FOREACH(line, lines)
                if ((*line)[0] != '#' && (*line)[0] != '[')
                        read_line(spec, *line);
}

void drop_ins_read(const Machine *machine, Spec *spec) {
        _cleanup_free_ char *path = machine->state.unit ? str_format(FOLDER "/%s.d", machine->state.unit) : NULL;
        struct dirent *entry;
        DIR *list;
        int dir;

        dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        list = dir < 0 ? NULL : fdopendir(dir);
        if (!list) {
                (void) fd_close(dir);
                return;
        }
        /* One property a file, so that their order does not matter. */
        while ((entry = readdir(list)))
                if (entry->d_name[0] != '.')
                        read_file(dir, entry->d_name, spec);
        (void) closedir(list);
}

/* Watching */

/* The machine whose scope this is: "berth-NAME.scope". */
static Machine *find_machine(Manager *manager, const char *unit) {
        const char *rest = startswith(unit, "berth-");
        size_t n = rest ? strlen(rest) : 0, suffix = strlen(".scope");
        _cleanup_free_ char *name = n > suffix && streq(rest + n - suffix, ".scope") ? strndup(rest, n - suffix) : NULL;

        return name ? manager_find(manager, name) : NULL;
}

static void take_over(Manager *manager, const char *unit) {
        Machine *machine = find_machine(manager, unit);

        if (!machine || !machine->present || machine->state.keep_unit)
                return;
        machine_drop_spec(machine);
        machine_bus_changed(machine, (const char *const[]){ "Settings", NULL });
        set_property_take_over(machine);
}

static void forget(DropIns *d) {
        for (DropIns **p = &d->manager->drop_ins; *p; p = &(*p)->next)
                if (*p == d) {
                        *p = d->next;
                        break;
                }
        sd_event_source_disable_unref(d->source);
        free(d->unit);
        free(d);
}

static int on_change(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        DropIns *d = userdata;

        if (event->mask & (IN_DELETE_SELF | IN_IGNORED | IN_UNMOUNT))
                forget(d);
        else
                take_over(d->manager, d->unit);
        return 0;
}

static DropIns *find(Manager *manager, const char *unit) {
        for (DropIns *d = manager->drop_ins; d; d = d->next)
                if (streq(d->unit, unit))
                        return d;
        return NULL;
}

/* "berth-NAME.scope.d": may be of a scope that ended and came again. */
static void add(Manager *manager, const char *name) {
        size_t n = strlen(name);
        _cleanup_free_ char *unit = n > 2 && streq(name + n - 2, ".d") ? strndup(name, n - 2) : NULL;
        _cleanup_free_ char *path = unit ? str_format(FOLDER "/%s", name) : NULL;
        DropIns *d;

        if (!path || !startswith(unit, "berth-"))
                return;
        d = find(manager, unit);
        if (d)
                forget(d);

        d = calloc(1, sizeof(DropIns));
        if (!d)
                return;
        *d = (DropIns){ .manager = manager, .next = manager->drop_ins, .unit = TAKE_PTR(unit) };
        manager->drop_ins = d;
        if (sd_event_add_inotify(manager->event, &d->source, path,
                                 IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR, on_change, d) < 0)
                forget(d);
        else
                /* What was written before we looked. */
                take_over(manager, d->unit);
}

static int on_folder(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        Manager *manager = userdata;

        if (event->mask & (IN_IGNORED | IN_UNMOUNT)) {
                manager->drop_ins_source = sd_event_source_disable_unref(manager->drop_ins_source);
                return 0;
        }
        if (event->mask & IN_ISDIR && event->len > 0)
                add(manager, event->name);
        return 0;
}

void drop_ins_watch(Manager *manager) {
        struct dirent *entry;
        DIR *list;

        if (manager->drop_ins_source)
                return;
        if (sd_event_add_inotify(manager->event, &manager->drop_ins_source, FOLDER, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR,
                                 on_folder, manager) < 0) {
                manager->drop_ins_source = NULL;
                return;
        }

        list = opendir(FOLDER);
        if (!list)
                return;
        while ((entry = readdir(list)))
                if (entry->d_type == DT_DIR)
                        add(manager, entry->d_name);
        (void) closedir(list);
}

void drop_ins_unwatch(Manager *manager) {
        while (manager->drop_ins)
                forget(manager->drop_ins);
        manager->drop_ins_source = sd_event_source_disable_unref(manager->drop_ins_source);
}
