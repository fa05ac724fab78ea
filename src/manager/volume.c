/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fd-util.h"
#include "file-util.h"
#include "machine.h"
#include "mount-setting.h"
#include "string-util.h"
#include "strv.h"
#include "trash.h"

static char *volumes_path(const Manager *manager, const char *name) {
        return name ? str_format("%s/volumes/%s", manager->places->state, name)
                    : str_format("%s/volumes", manager->places->state);
}

static int append_volume(const Manager *manager, sd_bus_message *reply, const char *name) {
        _cleanup_free_ char *path = volumes_path(manager, name), *data = path ? str_format("%s/_data", path) : NULL;
        uint64_t made_usec;
        struct stat st;

        if (!data)
                return -ENOMEM;
        /* The folder changes when _data is made in it, and not afterwards. */
        if (stat(path, &st) < 0)
                return errno == ENOENT ? 0 : negative_errno();
        made_usec = (uint64_t) st.st_mtim.tv_sec * USEC_PER_SEC + (uint64_t) st.st_mtim.tv_nsec / 1000;
        return sd_bus_message_append(reply, "(sst)", name, data, made_usec);
}

static int append_volumes(const Manager *manager, sd_bus_message *reply) {
        _cleanup_free_ char *path = volumes_path(manager, NULL);
        DIR *dir = path ? opendir(path) : NULL;
        struct dirent *item;
        int r = 0;

        if (!dir)
                return !path ? -ENOMEM : errno == ENOENT ? 0 : negative_errno();
        while (r >= 0 && (item = readdir(dir)))
                if (volume_name_is_valid(item->d_name))
                        r = append_volume(manager, reply, item->d_name);
        (void) closedir(dir);
        return r;
}

int volume_list(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = sd_bus_message_new_method_return(m, &reply);

        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sst)");
        if (r >= 0)
                r = append_volumes(userdata, reply);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int volume_read(Call *call, Error *error) {
        const char *name;
        int r = sd_bus_message_read(call->message, "s", &name);

        if (r < 0)
                return error_set_errno(error, r, "reading the call", NULL);
        if (!volume_name_is_valid(name))
                return error_set(error, ERROR_INVALID_NAME, EINVAL, "reading the call", name,
                                 "the name of a volume is letters, digits, '_', '.' and '-', with a letter or digit first");
        call->data = strdup(name);
        call->free_data = free;
        return call->data ? 0 : error_oom(error);
}

int volume_create(Call *call, Error *error) {
        static const char step[] = "making the volume";
        _cleanup_free_ char *folder = volumes_path(call->operation.manager, NULL);
        _cleanup_free_ char *path = volumes_path(call->operation.manager, call->data), *data = NULL;
        int r = folder && path ? directory_make(folder, 0700) : -ENOMEM;

        if (r >= 0) {
                data = str_format("%s/_data", path);
                r = data ? directory_make(path, 0700) : -ENOMEM;
        }
        if (r >= 0 && mkdir(data, 0755) < 0) {
                if (errno == EEXIST)
                        return error_set(error, ERROR_INVALID_VALUE, EEXIST, step, call->data, "there is one of this name");
                r = negative_errno();
        }
        return r < 0 ? error_set_errno(error, r, step, call->data) : sd_bus_reply_method_return(call->message, "s", data);
}

static bool spec_uses_volume(const Spec *spec, const char *name) {
        STRV_FOREACH(text, spec->volume) {
                _cleanup_mount_setting_ MountSetting m = {};

                if (mount_setting_parse(MOUNT_SETTING_VOLUME, *text, &m) >= 0 && streq(m.sources[0], name))
                        return true;
        }
        return false;
}

int volume_remove(Call *call, Error *error) {
        static const char step[] = "removing the volume";
        Manager *manager = call->operation.manager;
        _cleanup_free_ char *folder = volumes_path(manager, NULL);
        _cleanup_close_ int fd = -EBADF;
        int r;

        for (size_t i = 0; i < manager->n_machines; i++) {
                const Spec *spec = machine_spec(manager->machines[i], NULL);

                if (spec && spec_uses_volume(spec, call->data))
                        return error_set(error, ERROR_MACHINE_EXISTS, EBUSY, step, call->data, "the machine '%s' uses it",
                                         machine_name(manager->machines[i]));
        }

        if (!folder)
                return error_oom(error);
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = fd < 0 ? negative_errno() : trash_take(manager, fd, call->data);
        if (r == -ENOENT)
                return error_set(error, ERROR_INVALID_VALUE, ENOENT, step, call->data, "there is no such volume");
        return r < 0 ? error_set_errno(error, r, step, call->data) : sd_bus_reply_method_return(call->message, NULL);
}
