/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What callers need a right for. policy/org.berth1.policy and the manual must name the same actions. */

#include <signal.h>

#include "bind.h"
#include "call.h"
#include "create.h"
#include "exec.h"
#include "follow.h"
#include "forward.h"
#include "image-bus.h"
#include "machine-bus.h"
#include "manager-bus.h"
#include "network-bus.h"
#include "plan.h"
#include "remove.h"
#include "run-request.h"
#include "set-property.h"
#include "stats.h"
#include "unit-file.h"
#include "volume.h"

static int run_stop(Call *call, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Link *link;
        int r = forward_begin(call, "Stop", &link, &m, error);

        if (r >= 0)
                r = forward(call, link, m, "", error);

        /* Known before the supervisor says so: who calls again at once finds a machine that ends. */
        if (r >= 0)
                manager_find(call->operation.manager, call->name)->stopped = true;
        return r;
}

static int run_pause(Call *call, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Link *link;
        int r = forward_begin(call, "Pause", &link, &m, error);

        return r < 0 ? r : forward(call, link, m, "", error);
}

static int run_unpause(Call *call, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Link *link;
        int r = forward_begin(call, "Unpause", &link, &m, error);

        return r < 0 ? r : forward(call, link, m, "", error);
}

static int run_kill(Call *call, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *whom;
        int32_t number;
        Link *link;
        int r;

        r = sd_bus_message_read(call->message, "si", &whom, &number);
        if (r < 0)
                return error_set_errno(error, r, "reading the call", NULL);
        if (number < 1 || number > SIGRTMAX)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the signal", NULL, "%i is not a signal", number);
        if (!streq(whom, "leader") && !streq(whom, "all"))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading whom to signal", whom,
                                 "it is either leader or all");

        r = forward_begin(call, "Kill", &link, &m, error);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "si", whom, number);
        return r < 0 ? error_set_errno(error, r, "talking to the machine", call->name) : forward(call, link, m, "", error);
}

static int run_unbind(Call *call, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *target;
        Link *link;
        int r = sd_bus_message_read(call->message, "s", &target);

        if (r < 0)
                return error_set_errno(error, r, "reading the call", NULL);
        r = forward_begin(call, "Unbind", &link, &m, error);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", target);
        return r < 0 ? error_set_errno(error, r, "talking to the machine", call->name) : forward(call, link, m, "", error);
}

static int run_pin(Call *call, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *kind, *path;
        Link *link;
        int r = sd_bus_message_read(call->message, "ss", &kind, &path);

        if (r < 0)
                return error_set_errno(error, r, "reading the call", NULL);
        r = forward_begin(call, "Pin", &link, &m, error);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "ss", kind, path);
        return r < 0 ? error_set_errno(error, r, "talking to the machine", call->name) : forward(call, link, m, "", error);
}

static int run_open_session(Call *call, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Link *link;
        int r = forward_begin(call, "OpenSession", &link, &m, error);

        return r < 0 ? r : forward(call, link, m, "h", error);
}

static int run_announce(Call *call, Error *error) {
        Machine *machine;
        int r = manager_get(call->operation.manager, call->name, &machine, error);

        if (r < 0)
                return r;
        return sd_bus_reply_method_return(call->message, NULL);
}

const CallMethod call_methods[] = {
        { MANAGER_INTERFACE, "RunMachine", ACTION_RUN, run_request_read, run_request_run },
        { MANAGER_INTERFACE, "CreateMachine", ACTION_RUN, run_request_read, create_run },
        { MANAGER_INTERFACE, "RestartMachine", ACTION_MANAGE, run_request_read_kept, restart_run },
        { MANAGER_INTERFACE, "RenameMachine", ACTION_MANAGE, NULL, rename_run },
        { MANAGER_INTERFACE, "GetMachineSettings", ACTION_MANAGE, NULL, settings_get_run },
        { MANAGER_INTERFACE, "SetMachineSettings", ACTION_MANAGE, settings_set_read, settings_set_run },
        { MANAGER_INTERFACE, "UpdateMachineUnit", ACTION_MANAGE, NULL, unit_file_update_run },
        { MANAGER_INTERFACE, "PlanMachine", ACTION_RUN, run_request_read, plan_run },
        { MANAGER_INTERFACE, "StartMachine", ACTION_MANAGE, run_request_read_kept, run_request_run },
        { MANAGER_INTERFACE, "StopMachine", ACTION_MANAGE, NULL, run_stop },
        { MANAGER_INTERFACE, "KillMachine", ACTION_MANAGE, NULL, run_kill },
        { MANAGER_INTERFACE, "SetMachineProperties", ACTION_MANAGE, set_property_read, set_property_run },
        { MANAGER_INTERFACE, "GetMachineProcesses", ACTION_MANAGE, NULL, processes_run },
        { MANAGER_INTERFACE, "PauseMachine", ACTION_MANAGE, NULL, run_pause },
        { MANAGER_INTERFACE, "UnpauseMachine", ACTION_MANAGE, NULL, run_unpause },
        { MANAGER_INTERFACE, "RemoveMachine", ACTION_MANAGE, NULL, remove_run },
        { MANAGER_INTERFACE, "OpenSession", ACTION_MANAGE, NULL, run_open_session },
        { MANAGER_INTERFACE, "ExecMachine", ACTION_EXEC, exec_read, exec_run },
        { MANAGER_INTERFACE, "BindMachine", ACTION_MANAGE, bind_read, bind_run },
        { MANAGER_INTERFACE, "UnbindMachine", ACTION_MANAGE, NULL, run_unbind },
        { MANAGER_INTERFACE, "PinMachine", ACTION_RUN_PRIVILEGED, NULL, run_pin },
        { MANAGER_INTERFACE, "CreateVolume", ACTION_VOLUMES, volume_read, volume_create },
        { MANAGER_INTERFACE, "RemoveVolume", ACTION_VOLUMES, volume_read, volume_remove },
        { MANAGER_INTERFACE, "CreateNetwork", ACTION_NETWORKS, network_read_create, network_run_create },
        { MANAGER_INTERFACE, "RemoveNetwork", ACTION_NETWORKS, network_read_name, network_run_remove },
        { MANAGER_INTERFACE, "ReloadNetworks", ACTION_NETWORKS, network_read_reload, network_run_reload },
        { MANAGER_INTERFACE, "FollowEvents", ACTION_ANYBODY, follow_read, follow_run },
        { MANAGER_INTERFACE, "RemoveImage", ACTION_IMAGES, image_read_remove, image_run },
        { MANAGER_INTERFACE, "CloneImage", ACTION_IMAGES, image_read_clone, image_run },
        { MANAGER_INTERFACE, "RenameImage", ACTION_IMAGES, image_read_rename, image_run },
        { MANAGER_INTERFACE, "SetImageReadOnly", ACTION_IMAGES, image_read_mark, image_run },
        { MANAGER_INTERFACE, "MeasureImage", ACTION_IMAGES, image_read_measure_followed, image_run },
        { MANAGER_INTERFACE, "GetImageUsage", ACTION_IMAGES, image_read_measure, image_run },
        { MANAGER_INTERFACE, "AnnounceMachine", ACTION_ROOT, NULL, run_announce },
        { MACHINE_INTERFACE, "Stop", ACTION_MANAGE, NULL, run_stop },
        { MACHINE_INTERFACE, "Kill", ACTION_MANAGE, NULL, run_kill },
        { MACHINE_INTERFACE, "SetProperties", ACTION_MANAGE, set_property_read, set_property_run },
        { MACHINE_INTERFACE, "GetProcesses", ACTION_MANAGE, NULL, processes_run },
        { MACHINE_INTERFACE, "Pause", ACTION_MANAGE, NULL, run_pause },
        { MACHINE_INTERFACE, "Unpause", ACTION_MANAGE, NULL, run_unpause },
        { MACHINE_INTERFACE, "Remove", ACTION_MANAGE, NULL, remove_run },
        { MACHINE_INTERFACE, "OpenSession", ACTION_MANAGE, NULL, run_open_session },
        { MACHINE_INTERFACE, "Rename", ACTION_MANAGE, NULL, rename_run },
        { MACHINE_INTERFACE, "GetSettings", ACTION_MANAGE, NULL, settings_get_run },
        { MACHINE_INTERFACE, "SetSettings", ACTION_MANAGE, settings_set_read, settings_set_run },
        { MACHINE_INTERFACE, "Exec", ACTION_EXEC, exec_read, exec_run },
        { MACHINE_INTERFACE, "Bind", ACTION_MANAGE, bind_read, bind_run },
        { MACHINE_INTERFACE, "Unbind", ACTION_MANAGE, NULL, run_unbind },
        { MACHINE_INTERFACE, "Pin", ACTION_RUN_PRIVILEGED, NULL, run_pin },
        { IMAGE_INTERFACE, "Remove", ACTION_IMAGES, image_read_remove, image_run },
        { IMAGE_INTERFACE, "Clone", ACTION_IMAGES, image_read_clone, image_run },
        { IMAGE_INTERFACE, "Rename", ACTION_IMAGES, image_read_rename, image_run },
        { IMAGE_INTERFACE, "SetReadOnly", ACTION_IMAGES, image_read_mark, image_run },
        { IMAGE_INTERFACE, "Measure", ACTION_IMAGES, image_read_measure_followed, image_run },
        { IMAGE_INTERFACE, "GetUsage", ACTION_IMAGES, image_read_measure, image_run },
        { NETWORK_INTERFACE, "Remove", ACTION_NETWORKS, network_read_name, network_run_remove },
};
const size_t call_methods_count = ELEMENTSOF(call_methods);
