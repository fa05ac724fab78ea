/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machined.h"

#include <net/if.h>

#define MACHINED_NAME "org.freedesktop.machine1"
#define MACHINED_PATH "/org/freedesktop/machine1"
#define MACHINED_MANAGER "org.freedesktop.machine1.Manager"

/* It answers within milliseconds, if it is there. */
#define UNREGISTER_USEC (2 * USEC_PER_SEC)

int machined_register(sd_bus *bus, const Spec *spec, pid_t leader) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        /* The host's end of its link: what machinectl and nss-mymachines look at the machine's network by. */
        int32_t interface = spec->link.host ? (int32_t) if_nametoindex(spec->link.host) : 0;
        int r;

        if (!spec->registered)
                return 0;
        r = sd_bus_message_new_method_call(bus, &m, MACHINED_NAME, MACHINED_PATH, MACHINED_MANAGER, "RegisterMachineWithNetwork");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", spec->name);
        /* No machine id: it may be left out (systemd 252: 16 bytes or none). */
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', NULL, 0);
        if (r >= 0)
                r = sd_bus_message_append(m, "ssus", "berth", "container", (uint32_t) leader, spec->root);
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'i', &interface, interface > 0 ? sizeof(interface) : 0);
        if (r < 0)
                return r;

        /* No reply: nothing would be done with it, and dbus-daemon allows 128 that are outstanding, which a machined that
         * hangs must not use up. */
        r = sd_bus_message_set_expect_reply(m, false);
        return r < 0 ? r : sd_bus_send(bus, m, NULL);
}

int machined_register_again(sd_bus *bus, const Spec *spec, pid_t leader) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        if (!spec->registered)
                return 0;
        r = sd_bus_message_new_method_call(bus, &m, MACHINED_NAME, MACHINED_PATH, MACHINED_MANAGER, "UnregisterMachine");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", spec->name);
        if (r >= 0)
                r = sd_bus_message_set_expect_reply(m, false);
        if (r >= 0)
                r = sd_bus_send(bus, m, NULL);
        /* It does one call after the other. */
        return r < 0 ? r : machined_register(bus, spec, leader);
}

int machined_unregister(sd_bus *bus, const char *name, sd_bus_message_handler_t handler, void *userdata, sd_bus_slot **ret_slot) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, MACHINED_NAME, MACHINED_PATH, MACHINED_MANAGER, "UnregisterMachine");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", name);
        /* One that does not run knows of no machine. */
        if (r >= 0)
                r = sd_bus_message_set_auto_start(m, false);
        return r < 0 ? r : sd_bus_call_async(bus, ret_slot, m, handler, userdata, UNREGISTER_USEC);
}
