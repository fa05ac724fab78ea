/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "introspect.h"

#include <stdio.h>
#include <sys/socket.h>
#include <systemd/sd-id128.h>

#include "fd-util.h"
#include "image-bus.h"
#include "machine-bus.h"
#include "manager-bus.h"
#include "network-bus.h"

/* sd-bus has no function for it, but answers Introspect: so it is asked over a socket pair, within this process. */
static int make_bus(int fd, bool server, sd_bus **ret) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        _cleanup_close_ int owned = fd;
        sd_id128_t id;
        int r;

        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fd, fd);
        if (r < 0)
                return r;
        TAKE_FD(owned);

        if (server) {
                r = sd_id128_randomize(&id);
                if (r >= 0)
                        r = sd_bus_set_server(bus, true, id);
        }
        if (r >= 0)
                r = sd_bus_set_anonymous(bus, true);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                *ret = TAKE_PTR(bus);
        return r;
}

static int on_xml(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char **ret = userdata, *xml;

        *ret = sd_bus_message_is_method_error(m, NULL) || sd_bus_message_read(m, "s", &xml) < 0 ? "" : strdup(xml);
        return 0;
}

/* The one interface out of what sd-bus says, which begins with those that every object has. */
static int print_interface(const char *xml, const char *interface) {
        char head[128];
        const char *begin, *end;

        (void) snprintf(head, sizeof(head), " <interface name=\"%s\">", interface);
        begin = strstr(xml, head);
        end = begin ? strstr(begin, " </interface>\n") : NULL;
        if (!end)
                return -ENODATA;

        (void) printf("<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
                      "\"https://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"
                      "<node>\n%.*s </interface>\n</node>\n",
                      (int) (end - begin), begin);
        return 0;
}

int introspect_print(const char *interface) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *server = NULL, *client = NULL;
        const sd_bus_vtable *vtable = streq(interface, MANAGER_INTERFACE)   ? manager_vtable
                                      : streq(interface, MACHINE_INTERFACE) ? machine_vtable
                                      : streq(interface, NETWORK_INTERFACE) ? network_vtable
                                      : streq(interface, IMAGE_INTERFACE)   ? image_vtable
                                                                            : NULL;
        _cleanup_free_ char *xml = NULL;
        int pair[2], r;

        if (!vtable)
                return -ENOENT;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
                return negative_errno();

        r = make_bus(pair[0], /* server= */ true, &server);
        if (r < 0)
                (void) fd_close(pair[1]);
        else
                r = make_bus(pair[1], /* server= */ false, &client);
        if (r >= 0)
                r = sd_bus_add_object_vtable(server, NULL, "/", interface, vtable, NULL);
        if (r >= 0)
                r = sd_bus_call_method_async(client, NULL, NULL, "/", "org.freedesktop.DBus.Introspectable", "Introspect", on_xml,
                                             &xml, NULL);

        /* Both sides are here, so that one or the other always has something to do until the answer is there. */
        while (r >= 0 && !xml) {
                r = sd_bus_process(server, NULL);
                if (r >= 0)
                        r = sd_bus_process(client, NULL);
        }
        return r < 0 ? r : print_interface(xml, interface);
}
