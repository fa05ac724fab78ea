/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bind.h"

#include "forward.h"
#include "mount-setting.h"
#include "string-util.h"

static const char step[] = "reading the call";

int bind_read(Call *call, Error *error) {
        _cleanup_mount_setting_ MountSetting m = {};
        const char *text;
        int r;

        r = call_read_name(call, error);
        if (r < 0)
                return r;
        r = sd_bus_message_read(call->message, "s", &text);
        if (r >= 0)
                r = str_replace((char **) &call->data, text);
        if (r < 0)
                return error_set_errno(error, r, step, NULL);
        call->free_data = free;

        if (mount_setting_parse(text[0] == '/' ? MOUNT_SETTING_BIND : MOUNT_SETTING_VOLUME, text, &m) < 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, text,
                                 "it is not SOURCE[:TARGET[:OPTIONS]] with a path of the host or the name of a volume");
        if (mount_setting_reaches_host(&m))
                call->action = ACTION_RUN_PRIVILEGED;
        return 0;
}

int bind_run(Call *call, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Link *link;
        int r = forward_begin(call, "Bind", &link, &m, error);

        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", call->data);
        return r < 0 ? error_set_errno(error, r, "talking to the machine", call->name) : forward(call, link, m, "", error);
}
