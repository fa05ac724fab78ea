/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "object.h"

#include "call.h"
#include "manager-bus.h"
#include "strv.h"

int object_paths(const ObjectKind *kind, char **names, char ***ret) {
        _cleanup_strv_free_ char **paths = NULL;

        STRV_FOREACH(name, names) {
                char *path = NULL;
                int r = sd_bus_path_encode(kind->prefix, *name, &path);

                if (r >= 0)
                        r = strv_consume(&paths, path);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(paths);
        return 0;
}

void object_announce(sd_bus *bus, const ObjectKind *kind, const char *name, bool is_new) {
        const char *const interfaces[] = { kind->interface, NULL };
        _cleanup_free_ char *path = NULL;

        if (sd_bus_path_encode(kind->prefix, name, &path) < 0)
                return;
        (void) sd_bus_emit_signal(bus, MANAGER_PATH, MANAGER_INTERFACE, is_new ? kind->new : kind->removed, "so", name, path);
        if (is_new)
                (void) sd_bus_emit_object_added(bus, path);
        else
                /* sd_bus_emit_object_removed(3) leaves out the interface of an object that it does not find any more. */
                (void) sd_bus_emit_interfaces_removed_strv(bus, path, (char **) interfaces);
}

int object_on_get(Manager *manager, sd_bus_message *m, const ObjectKind *kind) {
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_free_ char *path = NULL;
        const char *name;
        int r = sd_bus_message_read(m, "s", &name);

        if (r < 0)
                return r;
        r = kind->check(manager, name, &error);
        if (r >= 0)
                r = sd_bus_path_encode(kind->prefix, name, &path);
        if (r >= 0)
                return sd_bus_reply_method_return(m, "o", path);
        reply_error(m, r, &error);
        return 1;
}

int object_read_name(sd_bus_message *m, const ObjectKind *kind, char **ret, Error *error) {
        const char *name;
        int r = sd_bus_path_decode(sd_bus_message_get_path(m), kind->prefix, ret);

        if (r == 0) {
                r = sd_bus_message_read(m, "s", &name);
                if (r >= 0)
                        r = (*ret = strdup(name)) ? 0 : -ENOMEM;
        }
        return r < 0 ? error_set_errno(error, r, "reading the call", NULL) : 0;
}
