/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-watch.h"

#include <sys/inotify.h>

#include "image-bus.h"
#include "image.h"
#include "stores.h"
#include "strv.h"

struct ImageWatch {
        sd_event_source **sources; /* one for each folder, or NULL where that is not there */
        char **names;              /* those that the bus knows of */
};

/* Both lists are sorted. */
static void look(Manager *manager) {
        struct ImageWatch *w = manager->image_watch;
        _cleanup_strv_free_ char **names = NULL;
        char *const *old, *const *new;

        if (image_list(&names) < 0)
                return;
        old = w->names;
        new = names;
        while ((old && *old) || (new &&*new)) {
                int r = !old || !*old ? 1 : !new || !*new ? -1 : strcmp(*old, *new);

                if (r < 0)
                        image_bus_announce(manager, *old, /* is_new= */ false);
                else if (r > 0)
                        image_bus_announce(manager, *new, /* is_new= */ true);
                if (r <= 0)
                        old++;
                if (r >= 0)
                        new ++;
        }
        (void) strv_free(w->names);
        w->names = TAKE_PTR(names);
}

static int on_change(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        Manager *manager = userdata;
        struct ImageWatch *w = manager->image_watch;

        for (size_t i = 0; event->mask & (IN_IGNORED | IN_UNMOUNT) && i < stores_count; i++)
                if (w->sources[i] == source)
                        w->sources[i] = sd_event_source_disable_unref(source);
        /* Locks, and what is not whole yet. */
        if (event->len == 0 || event->name[0] != '.')
                look(manager);
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
        return image_list(&w->names);
}

void image_watch(Manager *manager) {
        bool added = false;

        if (!manager->image_watch && watch_new(manager) < 0)
                return;
        for (size_t i = 0; i < stores_count; i++) {
                sd_event_source **source = manager->image_watch->sources + i;

                if (*source || sd_event_add_inotify(manager->event, source, stores[i],
                                                    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR, on_change,
                                                    manager) < 0)
                        continue;
                added = true;
        }
        /* What came between. */
        if (added)
                look(manager);
}

void image_unwatch(Manager *manager) {
        struct ImageWatch *w = manager->image_watch;

        for (size_t i = 0; w && i < stores_count; i++)
                sd_event_source_disable_unref(w->sources[i]);
        if (w) {
                (void) strv_free(w->names);
                free(w->sources);
                free(w);
        }
        manager->image_watch = NULL;
}
