/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "property.h"

#include <fcntl.h>

#include "block-device.h"
#include "file-util.h"
#include "parse-util.h"
#include "property-value.h"
#include "resource.h"
#include "string-util.h"
#include "strv.h"
#include "systemd-internal.h"
#include "unit-property.h"

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

static const struct {
        const char *name;
        const Form *form;
} known[] = {
#define ROW(property, form) { #property, &form_##form },
        UNIT_PROPERTIES(ROW)
#undef ROW
};

/* What a user must not set: without berth's own values a machine could not be stopped, or not be found again. */
static const struct {
        const char *name, *reason;
} owned[] = {
        { "CollectMode", "berth sets it, so that a scope that failed does not keep its name" },
        { "Delegate", "berth sets it: it makes cgroups of its own below the scope" },
        { "DelegateSubgroup", "berth makes its own cgroups below the scope" },
        { "FinalKillSignal", "it is SIGKILL: nothing less ends what ignored the stop" },
        { "KillMode", "there is a setting for it: KillMode=; the scope's own is always control-group" },
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

static const Form *form_by_name(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(known); i++)
                if (streq(known[i].name, name))
                        return known[i].form;
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

        *ret = form_by_name(name);
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

/* Whether systemd was asked, and has no such property (any more). */
static bool is_missing(const Systemd *systemd, const char *name) {
        return systemd_has_types(systemd) && !systemd_property_type(systemd, name);
}

/* The row's own way on this host; one that systemd does not do any more under this name goes by the translation. */
static ResourceBy way_of(const Systemd *systemd, const Resource *row) {
        ResourceBy by = row->ways[systemd->host].by;

        return by == RESOURCE_BY_SYSTEMD && row->as && is_missing(systemd, row->name) ? RESOURCE_TRANSLATED : by;
}

static int append_translated(sd_bus_message *m, const Resource *row, const char *value, Error *error) {
        _cleanup_free_ char *translated = NULL;
        const Form *form = form_by_name(row->name);
        int r = resource_translate(row, value, &translated);

        if (r == -ENOMEM)
                return error_oom(error);
        if (r < 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, row->name, "'%s' is not %s", value, form->allowed);
        return append_value(m, form_by_name(row->as), row->as, translated, error);
}

/* systemd leaves the kernel's file as it is where it is given none (252): so all that there are. */
static int append_all_cpus(sd_bus_message *m, const char *name, Error *error) {
        const char *path = streq(name, "AllowedCPUs") ? "/sys/devices/system/cpu/possible" : "/sys/devices/system/node/possible";
        _cleanup_free_ char *all = NULL;
        int r = file_read_line(AT_FDCWD, path, &all);

        return r < 0 ? error_set_errno(error, r, "reading", path) : append_value(m, &form_cpus, name, all, error);
}

/* One property by its name in unit files, as this host can have it. */
static int append_one(sd_bus_message *m, const Systemd *systemd, const char *name, const char *value, Error *error) {
        const Resource *row = resource_by_name(name);
        const Form *form;
        int r;

        if (row)
                switch (way_of(systemd, row)) {
                case RESOURCE_REFUSED:
                        /* Taking it back is always fine. */
                        return *value ? error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, step, name, "%s",
                                                  row->ways[systemd->host].note)
                                      : 0;
                case RESOURCE_TRANSLATED:
                        return append_translated(m, row, value, error);
                case RESOURCE_BY_SYSTEMD:
                /* systemd is told all the same: what it shows is what holds. */
                case RESOURCE_BY_BERTH:
                        break;
                }

        if (!*value && systemd->host == HOST_UNIFIED && (streq(name, "AllowedCPUs") || streq(name, "AllowedMemoryNodes")))
                return append_all_cpus(m, name, error);

        r = find_form(systemd, name, &form, error);
        return r < 0 ? r : append_value(m, form, name, value, error);
}

int property_append(sd_bus_message *m, const Systemd *systemd, const char *assignment, Error *error) {
        const char *value = strchr(assignment, '=');
        _cleanup_free_ char *name = value ? strndup(assignment, (size_t) (value - assignment)) : NULL;

        if (!value)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, assignment, "a property is written as NAME=VALUE");
        return name ? append_one(m, systemd, name, value + 1, error) : error_oom(error);
}

bool property_is_limit(const Setting *s) {
        /* The other rows of the section are the scope's own: slice, stop timeout, kill mode, Property=. */
        return s->section == SECTION_RESOURCES && form_by_name(s->name);
}

/* The value, or the items of a list, as systemd takes them: an item an assignment. None where it is not set. */
static int values_of(const Setting *s, const Spec *spec, char ***ret) {
        _cleanup_strv_free_ char **values = NULL;
        char *value = NULL;
        int r;

        if (s->type->list)
                return s->type->format_list(setting_field_const(s, spec), ret);
        r = s->type->format(setting_field_const(s, spec), &value);
        if (r >= 0 && value)
                r = strv_consume(&values, value);
        *ret = TAKE_PTR(values);
        return r;
}

int property_append_spec(sd_bus_message *m, const Systemd *systemd, const Spec *spec, Error *error) {
        int r;

        FOREACH_SETTING(s) {
                _cleanup_strv_free_ char **values = NULL;

                if (!property_is_limit(s))
                        continue;
                r = values_of(s, spec, &values);
                if (r < 0)
                        return error_set_errno(error, r, step, s->name);
                STRV_FOREACH(value, values) {
                        r = append_one(m, systemd, s->name, *value, error);
                        if (r < 0)
                                return r;
                }
        }

        STRV_FOREACH(p, spec->property) {
                r = property_append(m, systemd, *p, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* systemd takes a path without a device behind it, and then leaves it out (lookup_block_device() of its cgroup.c). */
static int check_device(const char *name, const char *value, Error *error) {
        _cleanup_free_ char *device = NULL;
        const char *rest;
        dev_t number;
        int r = parse_device_and_rest(value, &device, &rest);

        if (r < 0)
                return r == -ENOMEM ? error_oom(error) : 0;
        r = block_device_of(device, &number);
        if (r == -ENODEV)
                return error_set(error, ERROR_INVALID_VALUE, ENODEV, step, name, "'%s' is on no block device", device);
        return r < 0 ? error_set(error, ERROR_INVALID_VALUE, -r, step, name, "'%s': %s", device, errno_text(r)) : 0;
}

int property_check_value(const char *name, const char *value, Error *error) {
        const Form *form = form_by_name(name);

        return form == &form_bandwidth || form == &form_device_weight || form == &form_latency ? check_device(name, value, error)
                                                                                               : 0;
}

/* What one setting needs another for, on a host where that is so. */
static int check_together(const Systemd *systemd, const Spec *spec, Error *error) {
        uint64_t bytes;

        if (systemd->host == HOST_HYBRID && spec->memory_swap_max && !streq(spec->memory_swap_max, "infinity") &&
            (!spec->memory_max || (parse_size(spec->memory_max, &bytes) >= 0 && bytes == UINT64_MAX)))
                return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, step, "MemorySwapMax",
                                 "cgroup v1 limits the sum of memory and swap, so MemoryMax= is needed with it");
        return 0;
}

int property_check_spec(const Systemd *systemd, const Spec *spec, Error *error) {
        int r;

        FOREACH_SETTING(s) {
                const Resource *row = property_is_limit(s) && setting_is_assigned(s, spec) ? resource_by_name(s->name) : NULL;
                _cleanup_strv_free_ char **values = NULL;

                if (row && row->ways[systemd->host].by == RESOURCE_REFUSED)
                        return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, step, s->name, "%s",
                                         row->ways[systemd->host].note);
                if (!row || !s->type->list)
                        continue;
                r = values_of(s, spec, &values);
                if (r < 0)
                        return error_set_errno(error, r, step, s->name);
                STRV_FOREACH(value, values) {
                        r = property_check_value(s->name, *value, error);
                        if (r < 0)
                                return r;
                }
        }
        return check_together(systemd, spec, error);
}

bool property_needs_types(const Systemd *systemd, const char *name) {
        const Resource *row = resource_by_name(name);

        /* An older name may be gone from systemd (258). */
        if (row && row->as && row->ways[systemd->host].by == RESOURCE_BY_SYSTEMD)
                return true;
        return !form_by_name(name);
}

bool property_spec_needs_types(const Systemd *systemd, const Spec *spec) {
        FOREACH_SETTING(s)
                if (property_is_limit(s) && setting_is_assigned(s, spec) && property_needs_types(systemd, s->name))
                        return true;

        STRV_FOREACH(p, spec->property) {
                _cleanup_free_ char *name = strndup(*p, strcspn(*p, "="));

                if (name && property_needs_types(systemd, name))
                        return true;
        }
        return false;
}
