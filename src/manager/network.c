/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network.h"

#include <dirent.h>
#include <sys/inotify.h>

#include "incoming.h"
#include "fd-util.h"
#include "log.h"
#include "network-bus.h"
#include "pool.h"
#include "remains.h"
#include "string-util.h"

/* So that one machine after another finds the network of the one before, and no bridge comes and goes each time. */
#define SWEEP_USEC (2 * USEC_PER_SEC)

int network_task_begin(Manager *manager, unsigned flags, TaskDone done, void *userdata, Error *error) {
        Task task = { .kind = OPERATION_NETWORK, .step = "working on the networks", .request = SPAWN_REQUEST_NULL };

        task.request.flags = flags;
        return task_begin(manager, &task, done, userdata, error);
}

/* Tidying up */

/* Whether there is a network that no machine uses, or something that a dead machine left. */
static bool something_is_left(const Manager *manager) {
        _cleanup_free_ char *path = str_format("%s/network", manager->places->run);
        DIR *stream = path ? opendir(path) : NULL;
        struct dirent *item;
        bool unused = remains_are_left(manager->places->run) || incoming_is_left(manager->places->run);

        while (stream && !unused && (item = readdir(stream)))
                unused = item->d_name[0] != '.' && pool_is_leased(dirfd(stream), item->d_name) == 0;
        if (stream)
                (void) closedir(stream);
        return unused;
}

static int on_sweep_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_error_ Error error = ERROR_NULL;
        Manager *manager = userdata;
        unsigned task = (something_is_left(manager) ? SPAWN_NETWORK_SWEEP : 0) |
                        (manager->network_stale ? SPAWN_NETWORK_RELOAD : 0);
        int r = 0;

        manager->network_timer = sd_event_source_disable_unref(manager->network_timer);
        manager->network_stale = false;
        if (task != 0)
                r = network_task_begin(manager, task, NULL, NULL, &error);
        if (r < 0)
                (void) log_failure(r, &error, NULL);
        manager_check_idle(manager);
        return 0;
}

void networks_check(Manager *manager) {
        if (!manager->network_timer && (manager->network_stale || something_is_left(manager)))
                (void) sd_event_add_time_relative(manager->event, &manager->network_timer, CLOCK_MONOTONIC, SWEEP_USEC,
                                                  USEC_PER_SEC / 4, on_sweep_timer, manager);
}

/* Each network in use has a file there (pool.h); its supervisor, not berthd, makes it. */
static int on_pool(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        if (event->len > 0 && event->name[0] != '.')
                network_bus_in_use(userdata, event->name, event->mask & IN_CREATE);
        return 0;
}

void networks_watch(Manager *manager) {
        _cleanup_free_ char *path = str_format("%s/network", manager->places->run);
        _cleanup_close_ int folder = path ? pool_open_directory(path) : -ENOMEM;
        int r = folder;

        if (r >= 0)
                r = sd_event_add_inotify(manager->event, NULL, path, IN_CREATE | IN_DELETE | IN_ONLYDIR, on_pool, manager);
        if (r < 0)
                log_warning("zones that come and go will not be announced: %s", errno_text(r));
}
