/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine.h"

#include "session.h"
#include "string-util.h"
#include "strv.h"
#include "usage.h"

#define DESTINATION "org.berth1"
#define INTERFACE "org.berth1.Machine"

/* Which property goes where. Others are left alone: a newer manager may have more. */
static const struct {
        const char *name;
        char type;
        size_t offset;
} properties[] = {
        { "Name",            's', offsetof(MachineInfo, name)        },
        { "State",           's', offsetof(MachineInfo, state)       },
        { "Unit",            's', offsetof(MachineInfo, unit)        },
        { "RootDirectory",   's', offsetof(MachineInfo, root)        },
        { "Leader",          'u', offsetof(MachineInfo, leader)      },
        { "Supervisor",      'u', offsetof(MachineInfo, supervisor)  },
        { "UIDShift",        'u', offsetof(MachineInfo, uid_shift)   },
        { "UIDCount",        'u', offsetof(MachineInfo, uid_count)   },
        { "Timestamp",       't', offsetof(MachineInfo, started)     },
        { "FinishTimestamp", 't', offsetof(MachineInfo, finished)    },
        { "Result",          's', offsetof(MachineInfo, result)      },
        { "ExitStatus",      'i', offsetof(MachineInfo, exit_status) },
        { "Reason",          's', offsetof(MachineInfo, reason)      },
        { "Log",             's', offsetof(MachineInfo, log)         },
        { "OOMKills",        'u', offsetof(MachineInfo, oom_kills)   },
        { "OOMVictim",       's', offsetof(MachineInfo, oom_victim)  },
        { "MemoryPeak",      't', offsetof(MachineInfo, memory_peak) },
        { "MemoryLimit",     't', offsetof(MachineInfo, memory_limit) },
        { "CPUUsageUSec",    't', offsetof(MachineInfo, cpu_usec)    },
        { "NRestarts",       'u', offsetof(MachineInfo, restarts)    },
        { "NextRestartTimestamp", 't', offsetof(MachineInfo, next_restart) },
        { "StatusText",      's', offsetof(MachineInfo, status_text) },
        { "Health",          's', offsetof(MachineInfo, health)      },
        { "HealthFailures",  'u', offsetof(MachineInfo, health_failures) },
        { "HealthOutput",    's', offsetof(MachineInfo, health_output) },
        { "Survivors",       's', offsetof(MachineInfo, survivors)   },
        { "Owner",           'u', offsetof(MachineInfo, owner)       },
        { "Network",         's', offsetof(MachineInfo, network)     },
        { "Addresses",       'a', offsetof(MachineInfo, addresses)   },
        { "KeepUnit",        'b', offsetof(MachineInfo, keep_unit)   },
};

void machine_info_done(MachineInfo *info) {
        (void) sd_bus_message_unref(info->reply);
        strv_free(info->addresses);
        free(info->path);
        *info = MACHINE_INFO_NULL;
}

/* An "as" in its variant, in place of what was there. */
static int read_strings(sd_bus_message *reply, char ***field) {
        int r = sd_bus_message_enter_container(reply, 'v', "as");

        *field = strv_free(*field);
        if (r >= 0)
                r = sd_bus_message_read_strv(reply, field);
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

static int read_property(const char *name, sd_bus_message *reply, void *userdata) {
        char *info = userdata;

        for (size_t i = 0; i < ELEMENTSOF(properties); i++)
                if (streq(name, properties[i].name) && properties[i].type == 'a')
                        return read_strings(reply, (char ***) (info + properties[i].offset));
                else if (streq(name, properties[i].name))
                        return sd_bus_message_read(reply, "v", (char[]){ properties[i].type, '\0' }, info + properties[i].offset);
        return sd_bus_message_skip(reply, "v");
}

int machine_info_read(sd_bus *bus, const char *name, MachineInfo *ret, Error *error) {
        _cleanup_machine_info_ MachineInfo info = MACHINE_INFO_NULL;
        int r = client_read_object(bus, "GetMachine", INTERFACE, name, read_property, &info, &info.path, &info.reply, error);

        if (r < 0)
                return r;
        if (!info.name || !info.state || !info.result)
                return client_bad_reply(-EBADMSG, error);

        *ret = info;
        info = MACHINE_INFO_NULL;
        return 0;
}

int usage_read_bus(sd_bus_message *m, Usage *ret) {
        const char *name;
        uint64_t value;
        int r = sd_bus_message_enter_container(m, 'a', "{st}");

        usage_clear(ret);
        while (r >= 0 && (r = sd_bus_message_read(m, "{st}", &name, &value)) > 0) {
                int key = usage_key_from_name(name);

                if (key >= 0)
                        ret->values[key] = value;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

int machine_read_usage(sd_bus *bus, const MachineInfo *info, Usage *ret) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r = sd_bus_call_method(bus, DESTINATION, info->path, INTERFACE, "GetStats", NULL, &reply, "");

        return r < 0 ? r : usage_read_bus(reply, ret);
}

int machine_read_settings(sd_bus *bus, const MachineInfo *info, sd_bus_message **ret, Error *error) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r = sd_bus_get_property(bus, DESTINATION, info->path, INTERFACE, "Settings", &e, ret, "a{sv}");

        return r < 0 ? client_failure(&e, r, error) : 0;
}

int machine_last_exit_status(sd_bus *bus, const char *name, Error *error) {
        _cleanup_machine_info_ MachineInfo info = MACHINE_INFO_NULL;
        MachineResult result;
        int r = machine_info_read(bus, name, &info, error);

        if (r < 0)
                return r;
        result = machine_result_from_string(info.result);
        if (result == RESULT_NONE)
                return error_set(error, ERROR_MACHINE_NOT_RUNNING, ESRCH, "waiting for the machine", name, "it has not run");
        return machine_exit_status(name, result, info.exit_status, info.reason && *info.reason ? info.reason : NULL);
}
