/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machined.h"

#include "log.h"

static int on_registered(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const sd_bus_error *e = sd_bus_message_get_error(m);

        if (e)
                log_debug("systemd-machined did not take a machine: %s", e->message);
        return 0;
}

int machined_register(sd_bus *bus, const Spec *spec, pid_t leader) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        /* The id is the machine's own, from its /etc/machine-id, or none: an empty array (machined.c of systemd 252: "ay" of 0 or 16 bytes). */
        r = sd_bus_message_new_method_call(bus, &m, "org.freedesktop.machine1", "/org/freedesktop/machine1",
                                           "org.freedesktop.machine1.Manager", "RegisterMachine");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", spec->name);
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', NULL, 0);
        if (r >= 0)
                r = sd_bus_message_append(m, "ssus", "berth", "container", (uint32_t) leader, spec->root);
        return r < 0 ? r : sd_bus_call_async(bus, NULL, m, on_registered, NULL, 0);
}
