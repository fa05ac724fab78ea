/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Runs a command in a machine in the background and prints the machine's name, with libdbus:
 * run-libdbus TREE COMMAND [ARGUMENT…]
 *
 *   cc run-libdbus.c -o run-libdbus $(pkg-config --cflags --libs dbus-1)
 */

#include <dbus/dbus.h>
#include <stdio.h>
#include <stdlib.h>

static void append_flag(DBusMessageIter *dictionary, const char *name) {
        DBusMessageIter entry, variant;
        dbus_bool_t yes = TRUE;

        dbus_message_iter_open_container(dictionary, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
        dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &name);
        dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, DBUS_TYPE_BOOLEAN_AS_STRING, &variant);
        dbus_message_iter_append_basic(&variant, DBUS_TYPE_BOOLEAN, &yes);
        dbus_message_iter_close_container(&entry, &variant);
        dbus_message_iter_close_container(dictionary, &entry);
}

/* RunMachine(s name, s root, as command, a{sv} options) */
static DBusMessage *new_call(char **arguments) {
        DBusMessage *call = dbus_message_new_method_call("org.berth1", "/org/berth1", "org.berth1.Manager", "RunMachine");
        DBusMessageIter whole, part;
        const char *name = "";

        if (!call)
                return NULL;
        dbus_message_iter_init_append(call, &whole);
        dbus_message_iter_append_basic(&whole, DBUS_TYPE_STRING, &name);
        dbus_message_iter_append_basic(&whole, DBUS_TYPE_STRING, &arguments[0]);
        dbus_message_iter_open_container(&whole, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING_AS_STRING, &part);
        for (char **word = arguments + 1; *word; word++)
                dbus_message_iter_append_basic(&part, DBUS_TYPE_STRING, word);
        dbus_message_iter_close_container(&whole, &part);
        dbus_message_iter_open_container(&whole, DBUS_TYPE_ARRAY, "{sv}", &part);
        append_flag(&part, "Ephemeral");
        append_flag(&part, "Remove");
        dbus_message_iter_close_container(&whole, &part);
        return call;
}

int main(int argc, char **argv) {
        DBusMessage *call, *reply;
        DBusConnection *bus;
        const char *name;
        DBusError error;

        if (argc < 3) {
                fprintf(stderr, "usage: run-libdbus TREE COMMAND…\n");
                return EXIT_FAILURE;
        }
        dbus_error_init(&error);
        bus = dbus_bus_get(DBUS_BUS_SYSTEM, &error);
        call = bus ? new_call(argv + 1) : NULL;
        reply = call ? dbus_connection_send_with_reply_and_block(bus, call, DBUS_TIMEOUT_INFINITE, &error) : NULL;

        /* The name and the object; the session's descriptor behind them is closed with the reply. */
        if (!reply || !dbus_message_get_args(reply, &error, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID)) {
                fprintf(stderr, "run-libdbus: %s\n", dbus_error_is_set(&error) ? error.message : "out of memory");
                return EXIT_FAILURE;
        }
        printf("%s\n", name);
        dbus_message_unref(reply);
        dbus_message_unref(call);
        return EXIT_SUCCESS;
}
