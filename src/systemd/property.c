/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "property.h"

#include "property-value.h"
#include "setting.h"
#include "string-util.h"

typedef int (*AppendValue)(sd_bus_message *m, const char *name, const char *value);

/* How a form of value is written, and what to say to somebody who got it wrong. */
typedef struct Form {
        AppendValue append;
        const char *allowed;
} Form;

static const Form form_boolean = { value_append_boolean, "a boolean: yes or no" };
static const Form form_string = { value_append_string, "text" };
static const Form form_strings = { value_append_strings, "words" };
static const Form form_u32 = { value_append_u32, "a number" };
static const Form form_i32 = { value_append_i32, "a number" };
static const Form form_number = { value_append_number, "a number, with K, M, G … for sizes, or infinity" };
static const Form form_timespan = { value_append_timespan, "a time span like 90s, or infinity" };
static const Form form_size = { value_append_size, "a size with K, M, G …, a percentage, or infinity" };
static const Form form_scale = { value_append_scale, "a percentage" };
static const Form form_weight = { value_append_weight, "a weight" };
static const Form form_quota = { value_append_quota, "a percentage of one CPU above 0%" };
static const Form form_cpus = { value_append_cpus, "numbers and ranges like 0-3,8" };
static const Form form_bandwidth = { value_append_bandwidth, "a device and a number, like '/dev/vda 10M'" };
static const Form form_device_weight = { value_append_device_weight, "a device and a weight, like '/dev/vda 200'" };
static const Form form_latency = { value_append_latency, "a device and a time span, like '/dev/vda 25ms'" };
static const Form form_device = { value_append_device, "a device and some of rwm, like '/dev/null rw'" };
static const Form form_addresses = { value_append_addresses,
                                     "addresses with prefix lengths, any, localhost, link-local or multicast" };

/*
 * What is not written as its name and its bus type say (systemd.resource-control(5); systemd's own
 * bus-unit-util.c does the same for systemctl). Sorted by name.
 */
static const struct {
        const char *name;
        const Form *form;
} aliases[] = {
        { "AllowedCPUs", &form_cpus },
        { "AllowedMemoryNodes", &form_cpus },
        { "BlockIODeviceWeight", &form_device_weight },
        { "BlockIOReadBandwidth", &form_bandwidth },
        { "BlockIOWeight", &form_weight },
        { "BlockIOWriteBandwidth", &form_bandwidth },
        { "CPUQuota", &form_quota },
        { "CPUQuotaPeriodSec", &form_timespan },
        { "CPUShares", &form_weight },
        { "CPUWeight", &form_weight },
        { "DefaultMemoryLow", &form_size },
        { "DefaultMemoryMin", &form_size },
        { "DeviceAllow", &form_device },
        { "IODeviceLatencyTargetSec", &form_latency },
        { "IODeviceWeight", &form_device_weight },
        { "IOReadBandwidthMax", &form_bandwidth },
        { "IOReadIOPSMax", &form_bandwidth },
        { "IOWeight", &form_weight },
        { "IOWriteBandwidthMax", &form_bandwidth },
        { "IOWriteIOPSMax", &form_bandwidth },
        { "IPAddressAllow", &form_addresses },
        { "IPAddressDeny", &form_addresses },
        { "JobRunningTimeoutSec", &form_timespan },
        { "JobTimeoutSec", &form_timespan },
        { "ManagedOOMMemoryPressureLimit", &form_scale },
        { "MemoryHigh", &form_size },
        { "MemoryLimit", &form_size },
        { "MemoryLow", &form_size },
        { "MemoryMax", &form_size },
        { "MemoryMin", &form_size },
        { "MemorySwapMax", &form_size },
        { "MemoryZSwapMax", &form_size },
        { "RuntimeMaxSec", &form_timespan },
        { "RuntimeRandomizedExtraSec", &form_timespan },
        { "StartupAllowedCPUs", &form_cpus },
        { "StartupAllowedMemoryNodes", &form_cpus },
        { "StartupBlockIOWeight", &form_weight },
        { "StartupCPUShares", &form_weight },
        { "StartupCPUWeight", &form_weight },
        { "StartupIOWeight", &form_weight },
        { "TasksMax", &form_size },
};

/* What a user must not set: without berth's own values a machine could not be stopped, or not be found again. */
static const struct {
        const char *name, *reason;
} owned[] = {
        { "CollectMode", "berth sets it, so that a scope that failed does not keep its name" },
        { "Delegate", "berth sets it: it makes cgroups of its own below the scope" },
        { "DelegateSubgroup", "berth makes its own cgroups below the scope" },
        { "FinalKillSignal", "it is SIGKILL: nothing less ends what ignored the stop" },
        { "KillMode", "it is control-group: berth stops the command itself, and systemd kills what is left" },
        { "KillSignal",
          "berth sets it to the one signal that only its supervisor catches; the command's is the setting KillSignal=" },
        { "PIDFDs", "berth says which process is in the scope" },
        { "PIDs", "berth says which process is in the scope" },
        { "SendSIGHUP", "berth stops the command itself" },
        { "SendSIGKILL", "nothing less ends what ignored the stop" },
        { "Slice", "there is a setting for it: Slice=" },
        { "TimeoutStopSec", "there is a setting for it: TimeoutStopSec=" },
        { "TimeoutStopUSec", "there is a setting for it: TimeoutStopSec=" },
};

static const char step[] = "setting the unit property";

static const Form *form_by_alias(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(aliases); i++)
                if (streq(aliases[i].name, name))
                        return aliases[i].form;
        return NULL;
}

static const Form *form_by_type(const char *type) {
        static const struct {
                const char *type;
                const Form *form;
        } types[] = {
                { "b", &form_boolean }, { "s", &form_string }, { "as", &form_strings },
                { "t", &form_number },  { "u", &form_u32 },    { "i", &form_i32 },
        };

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (streq(types[i].type, type))
                        return types[i].form;
        return NULL;
}

/* A "…Sec" that systemd has as a "…USec" of microseconds. */
static bool is_timespan(const Systemd *systemd, const char *name) {
        size_t n = strlen(name);
        _cleanup_free_ char *wire = n > 3 && streq(name + n - 3, "Sec") ? str_format("%.*sUSec", (int) (n - 3), name) : NULL;

        return wire && streq_ptr(systemd_property_type(systemd, wire), "t");
}

static int find_form(const Systemd *systemd, const char *name, const Form **ret, Error *error) {
        const char *type;

        for (size_t i = 0; i < ELEMENTSOF(owned); i++)
                if (streq(owned[i].name, name))
                        return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, name, "%s", owned[i].reason);

        *ret = form_by_alias(name);
        if (*ret)
                return 0;
        if (is_timespan(systemd, name)) {
                *ret = &form_timespan;
                return 0;
        }

        type = systemd_property_type(systemd, name);
        if (!type)
                return error_set(error, ERROR_REFUSED_BY_SYSTEMD, EINVAL, step, name,
                                 "systemd knows no such property of a scope");
        *ret = form_by_type(type);
        if (!*ret)
                return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, step, name, "its type (%s) can't be written as text",
                                 type);
        return 0;
}

static int append_value(sd_bus_message *m, const Form *form, const char *name, const char *value, Error *error) {
        int r = form->append(m, name, value);

        if (r == -EINVAL || r == -ERANGE)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, name, "'%s' is not %s", value, form->allowed);
        return r < 0 ? error_set_errno(error, r, step, name) : 0;
}

int property_append(sd_bus_message *m, const Systemd *systemd, const char *assignment, Error *error) {
        const char *value = strchr(assignment, '=');
        _cleanup_free_ char *name = value ? strndup(assignment, (size_t) (value - assignment)) : NULL;
        const Form *form;
        int r;

        if (!value)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, assignment, "a property is written as NAME=VALUE");
        if (!name)
                return error_oom(error);

        r = find_form(systemd, name, &form, error);
        return r < 0 ? r : append_value(m, form, name, value + 1, error);
}

int property_append_spec(sd_bus_message *m, const Systemd *systemd, const Spec *spec, Error *error) {
        int r;

        FOREACH_SETTING(s) {
                _cleanup_free_ char *value = NULL;
                const Form *form = s->section == SECTION_RESOURCES ? form_by_alias(s->name) : NULL;

                /* The other rows of the section are the scope's own: slice, stop timeout, Property=. */
                if (!form)
                        continue;
                r = s->type->format(setting_field_const(s, spec), &value);
                if (r < 0)
                        return error_set_errno(error, r, step, s->name);
                if (!value)
                        continue;
                r = append_value(m, form, s->name, value, error);
                if (r < 0)
                        return r;
        }

        for (char **p = spec->property; p && *p; p++) {
                r = property_append(m, systemd, *p, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

bool property_spec_needs_types(const Spec *spec) {
        for (char **p = spec->property; p && *p; p++) {
                _cleanup_free_ char *name = strndup(*p, strcspn(*p, "="));

                if (name && !form_by_alias(name))
                        return true;
        }
        return false;
}
