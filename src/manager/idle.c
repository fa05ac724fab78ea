/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "idle.h"

#include <signal.h>
#include <systemd/sd-daemon.h>

#include "machine.h"
#include "manager-bus.h"

/* A command line that makes several calls should not pay for our start each time. */
#define IDLE_USEC (5 * USEC_PER_SEC)
/* How long what was begun may take once we were told to end: longer than systemd needs for a scope. */
#define LEAVING_USEC (15 * USEC_PER_SEC)

static bool machines_run(const Manager *manager) {
        for (size_t i = 0; i < manager->n_machines; i++)
                if (manager->machines[i]->present)
                        return true;
        return false;
}

static bool is_idle(const Manager *manager) {
        return manager->n_operations == 0 && !manager->followers && !manager->network_timer && !machines_run(manager);
}

static void set_timer(Manager *manager, uint64_t usec, sd_event_time_handler_t handler) {
        manager->idle_timer = sd_event_source_disable_unref(manager->idle_timer);
        if (sd_event_add_time_relative(manager->event, &manager->idle_timer, CLOCK_MONOTONIC, usec, USEC_PER_SEC / 4, handler,
                                       manager) < 0)
                (void) sd_event_exit(manager->event, EXIT_BEGIN_ANEW);
}

static void finish(Manager *manager) {
        /* A call that came before the daemon knew that we leave has begun something: whoever starts us again sees to it. */
        (void) sd_event_exit(manager->event, machines_run(manager) ? EXIT_BEGIN_ANEW : EXIT_SUCCESS);
}

static int on_too_long(sd_event_source *source, uint64_t usec, void *userdata) {
        finish(userdata);
        return 0;
}

/* What was in the queue before the name was gone has been handed to us by now. */
static int on_released(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Manager *manager = userdata;

        manager->released = true;
        idle_check(manager);
        return 0;
}

/*
 * systemd must know first: a call that finds no owner makes the bus ask it for berthd.service, which has to be
 * a start behind our end and not one of a unit that seems to run.
 */
static void leave(Manager *manager) {
        if (manager->leaving)
                return;
        manager->leaving = true;
        set_timer(manager, LEAVING_USEC, on_too_long);

        (void) sd_notify(false, "STOPPING=1");
        if (!manager->bus || sd_bus_release_name_async(manager->bus, NULL, BUS_NAME, on_released, manager) < 0)
                finish(manager);
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;

        manager->idle_timer = sd_event_source_disable_unref(manager->idle_timer);
        if (is_idle(manager))
                leave(manager);
        return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        leave(userdata);
        return 0;
}

int idle_handle_signals(Manager *manager) {
        static const int signals[] = { SIGTERM, SIGINT };

        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                int r = sd_event_add_signal(manager->event, NULL, signals[i] | SD_EVENT_SIGNAL_PROCMASK, on_signal, manager);

                if (r < 0)
                        return r;
        }
        return 0;
}

void idle_check(Manager *manager) {
        if (manager->leaving) {
                if (manager->released && manager->n_operations == 0)
                        finish(manager);
        } else if (is_idle(manager))
                set_timer(manager, IDLE_USEC, on_idle);
        else
                manager->idle_timer = sd_event_source_disable_unref(manager->idle_timer);
}
