/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "live-limits.h"

#include "cgroup-limits.h"
#include "interfaces.h"
#include "resource.h"
#include "spec-bus.h"
#include "strv.h"

/* systemd makes a cgroup when it comes to it: how often to look, and how long. */
#define LOOK_USEC (10 * USEC_PER_MSEC)
#define PATIENCE_LOOKS 300

typedef struct LimitsCall {
        Supervisor *supervisor;
        struct LimitsCall *next;
        sd_bus_message *message;
        Spec *spec;
        char **properties;
        sd_event_source *timer;
        unsigned looks;
} LimitsCall;

static void call_free(LimitsCall *c) {
        for (LimitsCall **p = &c->supervisor->limits_calls; *p; p = &(*p)->next)
                if (*p == c) {
                        *p = c->next;
                        break;
                }
        sd_event_source_disable_unref(c->timer);
        sd_bus_message_unref(c->message);
        spec_free(c->spec);
        strv_free(c->properties);
        free(c);
}

void live_limits_forget(Supervisor *s) {
        while (s->limits_calls)
                call_free(s->limits_calls);
}

static int apply(LimitsCall *c, Error *error) {
        _cleanup_cgroup_limits_ CgroupLimits limits = CGROUP_LIMITS_NULL;
        Supervisor *s = c->supervisor;
        int r = cgroup_limits_from_spec(c->spec, &limits);

        if (r < 0)
                return error_set_errno(error, r, "setting the limits", s->spec->name);
        return cgroup_limits_apply_live(&s->cgroup, s->spec->name, &limits, error);
}

static int verify(const LimitsCall *c, Error *error) {
        STRV_FOREACH(p, c->properties) {
                int r = cgroup_limits_verify_one(&c->supervisor->cgroup, *p, error);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int on_look(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_error_ Error error = ERROR_NULL;
        LimitsCall *c = userdata;
        int r;

        r = host_kind() == HOST_HYBRID ? cgroup_refresh(&c->supervisor->cgroup, &error) : 0;
        if (r >= 0)
                r = verify(c, &error);
        if (r < 0 && ++c->looks < PATIENCE_LOOKS) {
                (void) sd_event_source_set_time_relative(source, LOOK_USEC);
                (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
                return 0;
        }

        /* Once more: one of the cgroups may have been waited for. */
        if (r >= 0 && c->looks > 0 && host_kind() == HOST_HYBRID)
                r = apply(c, &error);
        if (r < 0)
                (void) reply_error(c->message, &error);
        else
                (void) sd_bus_reply_method_return(c->message, NULL);
        call_free(c);
        return 0;
}

static int read_call(LimitsCall *c, Error *error) {
        int r;

        c->spec = spec_new();
        if (!c->spec)
                return error_oom(error);
        r = spec_read_bus(c->spec, c->message, NULL, NULL, error);
        if (r >= 0)
                r = sd_bus_message_read_strv(c->message, &c->properties);
        return r < 0 ? error_set_errno(error, r, "reading the limits", NULL) : 0;
}

int live_limits_set(Supervisor *s, sd_bus_message *call, Error *error) {
        LimitsCall *c;
        int r;

        if (s->phase != PHASE_RUNNING && s->phase != PHASE_PAUSING && s->phase != PHASE_PAUSED)
                return error_set(error, ERROR_MACHINE_NOT_RUNNING, ESRCH, "setting the limits", s->spec->name, "it is %s",
                                 machine_state_to_string(s->state.state));
        c = calloc(1, sizeof(*c));
        if (!c)
                return error_oom(error);
        *c = (LimitsCall){ .supervisor = s, .next = s->limits_calls, .message = sd_bus_message_ref(call) };
        s->limits_calls = c;

        r = read_call(c, error);
        if (r >= 0 && host_kind() == HOST_HYBRID)
                r = apply(c, error);
        if (r >= 0) {
                r = sd_event_add_time_relative(s->event, &c->timer, CLOCK_MONOTONIC, 0, /* accuracy= */ 1, on_look, c);
                if (r < 0)
                        error_set_errno(error, r, "setting the limits", s->spec->name);
        }
        if (r < 0)
                call_free(c);
        return r;
}
