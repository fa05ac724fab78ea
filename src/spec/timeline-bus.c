/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timeline-bus.h"

int timeline_append_bus(sd_bus_message *m, const Timeline *timeline) {
        int r = sd_bus_message_open_container(m, 'a', "(st)");

        for (size_t i = 0; i < timeline->n && r >= 0; i++)
                r = sd_bus_message_append(m, "(st)", timeline->marks[i].what, timeline->marks[i].usec);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int timeline_read_bus(sd_bus_message *m, Timeline *timeline) {
        const char *what;
        uint64_t usec;
        int r = sd_bus_message_enter_container(m, 'a', "(st)");

        while (r >= 0 && (r = sd_bus_message_read(m, "(st)", &what, &usec)) > 0)
                timeline_add(timeline, what, usec);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}
