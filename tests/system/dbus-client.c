/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A client on libdbus, which shares no code with what berthd is built on: it checks that calls, signals and
 * descriptors are plain D-Bus. Usage: dbus-client NAME TREE COMMAND… runs the command in a machine, prints what
 * it wrote, and each step on its way; the exit status is 0 if every one came.
 */

#include <dbus/dbus.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVICE "org.berth1"
#define MANAGER_PATH "/org/berth1"
#define MANAGER "org.berth1.Manager"

typedef struct Seen {
        const char *name;
        bool added, removed;
} Seen;

static __attribute__((noreturn)) void fail(const char *what, const char *why) {
        fprintf(stderr, "dbus-client: %s: %s\n", what, why);
        exit(EXIT_FAILURE);
}

static DBusHandlerResult on_message(DBusConnection *bus, DBusMessage *message, void *userdata) {
        Seen *seen = userdata;
        const char *name, *path;
        bool added = dbus_message_is_signal(message, MANAGER, "MachineNew");

        if (!added && !dbus_message_is_signal(message, MANAGER, "MachineRemoved"))
                return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
        if (!dbus_message_get_args(message, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID))
                fail("signal", "wrong arguments");
        if (strcmp(name, seen->name) != 0)
                return DBUS_HANDLER_RESULT_HANDLED;

        printf("%s %s\n", added ? "MachineNew" : "MachineRemoved", path);
        *(added ? &seen->added : &seen->removed) = true;
        return DBUS_HANDLER_RESULT_HANDLED;
}

static void append_variant(DBusMessageIter *dict, const char *key, int type, const void *value) {
        const char signature[] = { (char) type, '\0' };
        DBusMessageIter entry, variant;

        dbus_message_iter_open_container(dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
        dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &key);
        dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, signature, &variant);
        dbus_message_iter_append_basic(&variant, type, value);
        dbus_message_iter_close_container(&entry, &variant);
        dbus_message_iter_close_container(dict, &entry);
}

static DBusMessage *make_call(const char *name, const char *tree, char **command, int output) {
        DBusMessage *call = dbus_message_new_method_call(SERVICE, MANAGER_PATH, MANAGER, "RunMachine");
        DBusMessageIter arguments, list;
        dbus_bool_t remove = true;

        dbus_message_iter_init_append(call, &arguments);
        dbus_message_iter_append_basic(&arguments, DBUS_TYPE_STRING, &name);
        dbus_message_iter_append_basic(&arguments, DBUS_TYPE_STRING, &tree);
        dbus_message_iter_open_container(&arguments, DBUS_TYPE_ARRAY, "s", &list);
        for (; *command; command++)
                dbus_message_iter_append_basic(&list, DBUS_TYPE_STRING, command);
        dbus_message_iter_close_container(&arguments, &list);

        dbus_message_iter_open_container(&arguments, DBUS_TYPE_ARRAY, "{sv}", &list);
        append_variant(&list, "Remove", DBUS_TYPE_BOOLEAN, &remove);
        append_variant(&list, "StandardOutput", DBUS_TYPE_UNIX_FD, &output);
        dbus_message_iter_close_container(&arguments, &list);
        return call;
}

static void copy_output(int fd) {
        char buffer[4096];
        ssize_t n;

        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
                fwrite(buffer, 1, (size_t) n, stdout);
        close(fd);
}

int main(int argc, char *argv[]) {
        DBusError error = DBUS_ERROR_INIT;
        const char *name, *path;
        DBusMessage *call, *reply;
        DBusConnection *bus;
        int pipe_fds[2], session;
        Seen seen;

        if (argc < 4)
                fail("usage", "dbus-client NAME TREE COMMAND…");
        seen = (Seen){ .name = argv[1] };

        bus = dbus_bus_get(DBUS_BUS_SYSTEM, &error);
        if (!bus)
                fail("connecting", error.message);
        dbus_bus_add_match(bus, "type='signal',sender='" SERVICE "',interface='" MANAGER "'", &error);
        if (dbus_error_is_set(&error))
                fail("matching", error.message);
        dbus_connection_add_filter(bus, on_message, &seen, NULL);

        if (pipe(pipe_fds) < 0)
                fail("pipe", "failed");
        call = make_call(argv[1], argv[2], argv + 3, pipe_fds[1]);
        reply = dbus_connection_send_with_reply_and_block(bus, call, -1, &error);
        /* The message has a duplicate of the descriptor. */
        dbus_message_unref(call);
        if (!reply)
                fail(error.name, error.message);
        close(pipe_fds[1]);

        if (!dbus_message_get_args(reply, &error, DBUS_TYPE_STRING, &name, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_UNIX_FD,
                                   &session, DBUS_TYPE_INVALID))
                fail("reply", error.message);
        printf("running %s %s\n", name, path);
        copy_output(pipe_fds[0]);

        /* The session is a descriptor that ends with the machine. */
        copy_output(session);
        while (!seen.removed && dbus_connection_read_write_dispatch(bus, -1))
                ;
        return seen.added && seen.removed ? EXIT_SUCCESS : EXIT_FAILURE;
}
