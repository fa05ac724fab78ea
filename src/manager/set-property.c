/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "set-property.h"

#include "drop-ins.h"
#include "kept.h"
#include "link.h"
#include "log.h"
#include "machine-bus.h"
#include "property.h"
#include "resource.h"
#include "setting.h"
#include "spec-bus.h"
#include "string-util.h"
#include "strv.h"

/* Longer than a supervisor looks whether systemd has come to it. */
#define LIMITS_USEC (20 * USEC_PER_SEC)

static const char step[] = "setting the unit property";

/* What was asked for, read from the message before its right is. */
typedef struct Request {
        char **assignments;
        bool runtime;
} Request;

typedef struct SetProperty {
        Operation operation;
        sd_bus_message *message; /* to be answered */
        char *name;
        Request request;
        sd_bus_slot *slot;
} SetProperty;

static void free_request(void *data) {
        Request *request = data;

        strv_free(request->assignments);
        free(request);
}

static void set_property_free(Operation *operation) {
        SetProperty *p = (SetProperty *) operation;

        operation_end(&p->operation);
        sd_bus_slot_unref(p->slot);
        sd_bus_message_unref(p->message);
        strv_free(p->request.assignments);
        free(p->name);
        free(p);
}

/* Reading */

/* Into SPEC as the settings that they are, a property without one as Property=. */
static int assign_all(char *const *assignments, Spec *spec, Error *error) {
        const Setting *property = setting_by_name("Property");

        STRV_FOREACH(assignment, assignments) {
                int r = setting_assign(property, spec, *assignment, error);

                if (r < 0)
                        return r;
        }
        return 0;
}

int set_property_read(Call *call, Error *error) {
        _cleanup_spec_ Spec *scratch = spec_new();
        Request *request = calloc(1, sizeof(Request));
        int runtime, r;

        call->data = request;
        call->free_data = free_request;
        if (!request || !scratch)
                return error_oom(error);

        r = call_read_name(call, error);
        if (r < 0)
                return r;
        r = sd_bus_message_read(call->message, "b", &runtime);
        if (r >= 0)
                r = sd_bus_message_read_strv(call->message, &request->assignments);
        if (r < 0)
                return error_set_errno(error, r, "reading the call", NULL);
        request->runtime = runtime;
        if (strv_length(request->assignments) == 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, call->name, "there is nothing to set");

        r = assign_all(request->assignments, scratch, error);
        if (r >= 0 && spec_first_host_setting(scratch))
                call->action = ACTION_RUN_PRIVILEGED;
        return r;
}

/* Answering */

static void answer(SetProperty *p, int r, const Error *error) {
        if (r < 0)
                reply_error(p->message, r, error);
        else
                (void) sd_bus_reply_method_return(p->message, NULL);
        set_property_free(&p->operation);
}

/* For the next start, which systemd can't do for a scope. */
static int keep(Machine *machine, const Request *request, Error *error) {
        _cleanup_spec_ Spec *kept = NULL;
        int r;

        if (!machine->kept || request->runtime)
                return 0;
        r = kept_read_spec(machine->manager->kept_dir, machine_name(machine), &kept, error);
        if (r >= 0)
                r = assign_all(request->assignments, kept, error);
        if (r < 0)
                return r;
        r = kept_write_spec(machine->manager->kept_dir, machine_name(machine), kept);
        if (r < 0)
                return error_set_errno(error, r, "keeping the settings", machine_name(machine));
        if (!machine->present)
                machine_drop_spec(machine);
        machine_bus_changed(machine, (const char *const[]){ "Settings", NULL });
        return 0;
}

/* The supervisor's part */

static int new_limits_call(Machine *machine, char *const *assignments, sd_bus_message **ret, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const Spec *spec;
        Link *link;
        int r = machine_get_link(machine, &link, error);

        if (r < 0)
                return r;
        /* Afresh: systemd has written it down by now. */
        machine_drop_spec(machine);
        spec = machine_spec(machine, error);
        if (!spec)
                return -ENODATA;

        r = link_new_call(link, "SetLimits", &m);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = spec_append_bus(spec, m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "s");
        STRV_FOREACH(assignment, assignments)
                /* What is taken back needs no file. */
                if (r >= 0 && strchr(*assignment, '=')[1])
                        r = sd_bus_message_append_basic(m, 's', *assignment);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r < 0)
                return error_set_errno(error, r, step, machine_name(machine));
        *ret = TAKE_PTR(m);
        return 0;
}

void set_property_take_over(Machine *machine) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_error_ Error error = ERROR_NULL;
        int r;

        if (host_kind() != HOST_HYBRID || machine->start || !machine->link)
                return;
        r = new_limits_call(machine, NULL, &m, &error);
        if (r >= 0)
                r = link_call(machine->link, m, 0, NULL, NULL, NULL);
        if (r < 0)
                (void) log_failure(r, &error, machine_name(machine));
}

static int on_limits(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const sd_bus_error *e = sd_bus_message_get_error(m);
        _cleanup_error_ Error error = ERROR_NULL;
        SetProperty *p = userdata;
        Machine *machine = manager_find(p->operation.manager, p->name);
        int r = 0;

        if (e)
                r = error_from_bus(&error, e);
        else if (machine)
                r = keep(machine, &p->request, &error);
        answer(p, r, &error);
        return 0;
}

/* systemd's part */

static int on_set(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        const sd_bus_error *e = sd_bus_message_get_error(m);
        _cleanup_error_ Error error = ERROR_NULL;
        SetProperty *p = userdata;
        Machine *machine;
        int r;

        p->slot = sd_bus_slot_unref(p->slot);
        if (e)
                r = error_set(&error, ERROR_REFUSED_BY_SYSTEMD, sd_bus_error_get_errno(e), step, p->name, "%s",
                              e->message ? e->message : e->name);
        else {
                r = manager_get(p->operation.manager, p->name, &machine, &error);
                if (r >= 0)
                        r = new_limits_call(machine, p->request.assignments, &call, &error);
                if (r >= 0)
                        r = link_call(machine->link, call, LIMITS_USEC, on_limits, p, &p->slot);
        }
        if (r < 0)
                answer(p, r, &error);
        return 0;
}

/* With cgroup v1 controllers the weight would win over shares that are set later. */
static bool drops_weight(char *const *assignments) {
        bool shares = false, weight = false;

        STRV_FOREACH(assignment, assignments) {
                shares = shares || startswith(*assignment, "CPUShares=");
                weight = weight || startswith(*assignment, "CPUWeight=");
        }
        return host_kind() == HOST_HYBRID && shares && !weight;
}

/*
 * A unit that has no address filter any more is one for which systemd does nothing (252 and 257: BPF_FIREWALL is no part of
 * its mask then), so the old program stays and filters on. With accounting a new one takes its place.
 */
static bool lifts_filter(char *const *assignments) {
        return strv_contains(assignments, "IPAddressAllow=") || strv_contains(assignments, "IPAddressDeny=");
}

static int append_all(sd_bus_message *m, const Systemd *systemd, char *const *assignments, Error *error) {
        int r = drops_weight(assignments) ? property_append(m, systemd, "CPUWeight=", error) : 0;

        if (r >= 0 && lifts_filter(assignments))
                r = property_append(m, systemd, "IPAccounting=yes", error);
        STRV_FOREACH(assignment, assignments)
                if (r >= 0)
                        r = property_append(m, systemd, *assignment, error);
        return r;
}

static int call_systemd(SetProperty *p, const char *unit, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Manager *manager = p->operation.manager;
        int r;

        r = sd_bus_message_new_method_call(manager->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "SetUnitProperties");
        if (r >= 0)
                r = sd_bus_message_append(m, "sb", unit, /* runtime= */ true);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_all(m, manager->systemd, p->request.assignments, error);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_call_async(manager->bus, &p->slot, m, on_set, p, 0);
        return r < 0 ? error_set_errno(error, r, step, p->name) : 0;
}

/* What the change needs that is not given with it is in what the machine runs with. */
static int check(SetProperty *p, Machine *machine, Error *error) {
        const Spec *spec = machine_spec(machine, error);
        _cleanup_spec_ Spec *changed = spec ? spec_copy(spec) : NULL;
        int r;

        if (!changed)
                return spec ? error_oom(error) : -ENODATA;
        r = assign_all(p->request.assignments, changed, error);
        return r < 0 ? r : property_check_spec(p->operation.manager->systemd, changed, error);
}

static void advance(SetProperty *p) {
        _cleanup_error_ Error error = ERROR_NULL;
        Machine *machine;
        int r = manager_get(p->operation.manager, p->name, &machine, &error);

        if (r >= 0 && !machine->present)
                r = error_set(&error, ERROR_MACHINE_NOT_RUNNING, ESRCH, step, p->name, "it has ended meanwhile");
        if (r >= 0)
                r = check(p, machine, &error);
        if (r >= 0)
                r = call_systemd(p, machine->state.unit, &error);
        if (r < 0)
                answer(p, r, &error);
}

static void on_types(void *userdata, int r, const Error *error) {
        SetProperty *p = userdata;

        p->slot = sd_bus_slot_unref(p->slot);
        if (r < 0)
                answer(p, r, error);
        else
                advance(p);
}

static bool needs_types(Systemd *systemd, char *const *assignments) {
        STRV_FOREACH(assignment, assignments) {
                _cleanup_free_ char *name = strndup(*assignment, strcspn(*assignment, "="));

                if (name && property_needs_types(systemd, name))
                        return !systemd_has_types(systemd);
        }
        return false;
}

/* A scope is what it was made as: some rows can only be changed for the next start. */
static int check_live(const Request *request, const char *name, Error *error) {
        STRV_FOREACH(assignment, request->assignments) {
                _cleanup_free_ char *property = strndup(*assignment, strcspn(*assignment, "="));
                const Resource *row = property ? resource_by_name(property) : NULL;

                if (row && !row->live)
                        return error_set(error, ERROR_MACHINE_RUNNING, EBUSY, step, property,
                                         "it cannot be changed while the machine runs: stop '%s' first", name);
        }
        return 0;
}

static int begin(Call *call, Error *error) {
        Manager *manager = call->operation.manager;
        Request *request = call->data;
        SetProperty *p = calloc(1, sizeof(SetProperty));
        int r;

        if (!p)
                return error_oom(error);
        p->message = sd_bus_message_ref(call->message);
        p->name = strdup(call->name);
        p->request = *request;
        *request = (Request){};

        r = p->name ? operation_begin(&p->operation, manager, OPERATION_SET_PROPERTY, set_property_free, error)
                    : error_oom(error);
        if (r < 0) {
                set_property_free(&p->operation);
                return r;
        }
        operation_inherit(&p->operation, &call->operation);
        if (!needs_types(manager->systemd, p->request.assignments)) {
                advance(p);
                return 0;
        }
        r = systemd_load_types(manager->systemd, on_types, p, &p->slot);
        if (r < 0)
                answer(p, r, &ERROR_NULL);
        return 0;
}

int set_property_run(Call *call, Error *error) {
        const Request *request = call->data;
        Machine *machine;
        int r = manager_get(call->operation.manager, call->name, &machine, error);

        if (r < 0)
                return r;
        if (machine->present) {
                r = check_live(request, call->name, error);
                return r < 0 ? r : begin(call, error);
        }
        if (request->runtime)
                return error_set(error, ERROR_MACHINE_NOT_RUNNING, ESRCH, step, call->name,
                                 "it does not run: without --runtime its settings are changed");
        r = keep(machine, request, error);
        return r < 0 ? r : sd_bus_reply_method_return(call->message, NULL);
}
