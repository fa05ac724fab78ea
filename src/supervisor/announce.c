/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "announce.h"

#include <systemd/sd-daemon.h>

#include "clock.h"
#include "keep-unit.h"
#include "log.h"

/* It is over before it was told of. Only a unit of Type=notify has to hear that it ran, or systemd takes it for one that failed. */
void announce_nothing(Supervisor *s) {
        if (!s->announce_timer)
                return;
        s->announce_timer = sd_event_source_disable_unref(s->announce_timer);
        (void) sd_notify(/* unset_environment= */ false, "READY=1");
}

/* What the manager does for its own machines. */
static void announce(Supervisor *s) {
        bool again = s->announcement;
        int r;

        (void) sd_notifyf(/* unset_environment= */ false, "READY=1\nSTATUS=Machine %s is running.", s->spec->name);
        s->announcement = keep_unit_free(s->announcement);
        r = keep_unit_announce(s->event, s->spec, s->leader.pid, again, &s->announcement);
        if (r < 0)
                log_debug("announcing %s: %s, ignoring", s->spec->name, errno_text(r));
}

static int on_announce_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        s->announce_timer = sd_event_source_disable_unref(s->announce_timer);
        announce(s);
        return 0;
}

/* Many commands have ended by then: to connect to the bus and to have machined register and forget one takes longer than to run it. */
void announce_soon(Supervisor *s) {
        enum { MOMENT_USEC = 5 * 1000, ACCURACY_USEC = 1000 };

        if (sd_event_add_time_relative(s->event, &s->announce_timer, CLOCK_MONOTONIC, MOMENT_USEC, ACCURACY_USEC,
                                       on_announce_timer, s) < 0)
                announce(s);
}
