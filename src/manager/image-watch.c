/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-watch.h"

#include <sys/inotify.h>

#include "image-bus.h"
#include "image-use.h"
#include "stores.h"
#include "string-util.h"
#include "strv.h"

/* A start of a machine must not wait for this, and many at once need only one signal. */
#define LATER_USEC (100 * USEC_PER_MSEC)

/* An image that the bus knows of. */
typedef struct Known {
        Image image;
        bool machines_changed;
} Known;

struct ImageWatch {
        sd_event_source **sources; /* one for each folder, or NULL where that is not there */
        sd_event_source *timer;    /* for a look, and for the machines that changed */
        bool looks;
        Known *known;              /* sorted by name */
        size_t n_known;
};

static void known_free(Known *known, size_t n) {
        for (size_t i = 0; i < n; i++)
                image_done(&known[i].image);
        free(known);
}

/* What there is now. */
static int find_all(Known **ret, size_t *ret_n) {
        _cleanup_strv_free_ char **names = NULL;
        size_t n = 0;
        Known *known;
        int r = image_list(&names);

        if (r < 0)
                return r;
        known = calloc(strv_length(names) + 1, sizeof(Known));
        if (!known)
                return -ENOMEM;
        STRV_FOREACH(name, names)
                /* It may have gone meanwhile. */
                if (image_find(*name, &known[n].image) >= 0)
                        n++;
        *ret = known;
        *ret_n = n;
        return 0;
}

static void tell_changes(Manager *manager, const Known *old, const Known *new) {
        const Image *a = &old->image, *b = &new->image;
        const char *changed[5] = {};
        size_t n = 0;

        if (!streq(a->path, b->path))
                changed[n++] = "Path";
        if (a->type != b->type)
                changed[n++] = "Type";
        if (a->read_only != b->read_only)
                changed[n++] = "ReadOnly";
        if (a->made_usec != b->made_usec)
                changed[n++] = "CreationTimestamp";
        if (n > 0)
                image_bus_changed(manager, b->name, changed);
        /* Another one in its place: who is made from it may be others as well. */
        if (old->machines_changed || a->device != b->device || a->inode != b->inode)
                image_bus_changed(manager, b->name, (const char *const[]){ "Machines", NULL });
}

static void tell(Manager *manager, const Known *old, size_t n_old, const Known *new, size_t n_new) {
        const Known *old_end = old + n_old, *new_end = new + n_new;

        while (old < old_end || new < new_end) {
                int r = old == old_end ? 1 : new == new_end ? -1 : strcmp(old->image.name, new->image.name);

                if (r < 0)
                        image_bus_announce(manager, old->image.name, /* is_new= */ false);
                else if (r > 0)
                        image_bus_announce(manager, new->image.name, /* is_new= */ true);
                else
                        tell_changes(manager, old, new);
                old += r <= 0;
                new += r >= 0;
        }
}

void image_look(Manager *manager) {
        struct ImageWatch *w = manager->image_watch;
        Known *old, *new;
        size_t n_old, n_new;

        /* What is told is read anew, and that must not look again. */
        if (!w || w->looks || find_all(&new, &n_new) < 0)
                return;
        old = w->known;
        n_old = w->n_known;
        w->known = new;
        w->n_known = n_new;
        w->looks = true;
        tell(manager, old, n_old, new, n_new);
        w->looks = false;
        known_free(old, n_old);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        image_look(userdata);
        return 0;
}

static void look_later(Manager *manager) {
        sd_event_source **timer = &manager->image_watch->timer;
        int enabled = SD_EVENT_OFF;

        if (!*timer) {
                (void) sd_event_add_time_relative(manager->event, timer, CLOCK_MONOTONIC, LATER_USEC, 0, on_timer, manager);
                return;
        }
        if (sd_event_source_get_enabled(*timer, &enabled) < 0 || enabled != SD_EVENT_OFF)
                return;
        (void) sd_event_source_set_time_relative(*timer, LATER_USEC);
        (void) sd_event_source_set_enabled(*timer, SD_EVENT_ONESHOT);
}

void image_machines_changed(Machine *machine) {
        struct ImageWatch *w = machine->manager->image_watch;
        const char *root = w && w->n_known > 0 ? machine_root(machine) : NULL;
        struct stat st;
        bool there;

        if (!root)
                return;
        there = stat(root, &st) >= 0;
        for (size_t i = 0; i < w->n_known; i++)
                if (image_has_root(&w->known[i].image, root, there ? &st : NULL)) {
                        w->known[i].machines_changed = true;
                        look_later(machine->manager);
                }
}

static int on_change(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        Manager *manager = userdata;
        struct ImageWatch *w = manager->image_watch;

        for (size_t i = 0; event->mask & (IN_IGNORED | IN_UNMOUNT) && i < stores_count; i++)
                if (w->sources[i] == source)
                        w->sources[i] = sd_event_source_disable_unref(source);
        /* Locks, and what is not whole yet. */
        if (event->len == 0 || event->name[0] != '.')
                look_later(manager);
        return 0;
}

static int watch_new(Manager *manager) {
        struct ImageWatch *w = calloc(1, sizeof(struct ImageWatch));

        if (!w)
                return -ENOMEM;
        w->sources = calloc(stores_count, sizeof(sd_event_source *));
        if (!w->sources) {
                free(w);
                return -ENOMEM;
        }
        manager->image_watch = w;
        /* What is there already is no news. */
        return find_all(&w->known, &w->n_known);
}

void image_watch(Manager *manager) {
        if (!manager->image_watch && watch_new(manager) < 0)
                return;
        for (size_t i = 0; i < stores_count; i++) {
                sd_event_source **source = manager->image_watch->sources + i;

                if (!*source)
                        (void) sd_event_add_inotify(manager->event, source, stores[i],
                                                    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR,
                                                    on_change, manager);
        }
        /* What came before that, and what nobody is told of. */
        image_look(manager);
}

void image_unwatch(Manager *manager) {
        struct ImageWatch *w = manager->image_watch;

        for (size_t i = 0; w && i < stores_count; i++)
                sd_event_source_disable_unref(w->sources[i]);
        if (w) {
                sd_event_source_disable_unref(w->timer);
                known_free(w->known, w->n_known);
                free(w->sources);
                free(w);
        }
        manager->image_watch = NULL;
}
