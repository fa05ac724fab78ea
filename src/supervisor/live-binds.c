/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "live-binds.h"

#include "live-mount.h"

typedef struct LiveBind LiveBind;

struct LiveBind {
        LiveBind *next;
        char *target;
        uint64_t id;
};

static LiveBind *live_bind_free(LiveBind *bind) {
        free(bind->target);
        free(bind);
        return NULL;
}

static int machine_of(const Supervisor *s, char **ret_place, LiveMachine *ret, Error *error) {
        int r;

        if (s->phase != PHASE_RUNNING || !pidref_is_set(&s->leader))
                return error_set(error, ERROR_MACHINE_NOT_RUNNING, ESRCH, "binding into the machine", s->spec->name,
                                 "it is not running");
        r = supervisor_mount_point(s, ret_place, error);
        if (r < 0)
                return r;
        *ret = (LiveMachine){ .plan = s->plan, .leader = &s->leader, .place = *ret_place };
        return 0;
}

int live_binds_add(Supervisor *s, const char *text, Error *error) {
        _cleanup_free_ char *place = NULL;
        LiveMachine machine;
        LiveBind *bind;
        int r = machine_of(s, &place, &machine, error);

        if (r < 0)
                return r;
        bind = calloc(1, sizeof(*bind));
        if (!bind)
                return error_oom(error);
        r = live_mount_attach(&machine, text, &bind->target, &bind->id, error);
        if (r < 0) {
                live_bind_free(bind);
                return r;
        }
        /* The last one of a target is found first, and is the one on top. */
        bind->next = s->live_binds;
        s->live_binds = bind;
        return 0;
}

int live_binds_remove(Supervisor *s, const char *target, Error *error) {
        _cleanup_free_ char *place = NULL;
        LiveMachine machine;
        int r = machine_of(s, &place, &machine, error);

        if (r < 0)
                return r;
        for (LiveBind **p = &s->live_binds; *p; p = &(*p)->next)
                if (streq((*p)->target, target)) {
                        LiveBind *bind = *p;

                        r = live_mount_detach(&machine, target, bind->id, error);
                        if (r < 0)
                                return r;
                        *p = bind->next;
                        live_bind_free(bind);
                        return 0;
                }
        return error_set(error, ERROR_INVALID_VALUE, ENOENT, "taking the mount off", target,
                         "nothing was bound there since the machine runs");
}

void live_binds_free(Supervisor *s) {
        while (s->live_binds) {
                LiveBind *bind = s->live_binds;

                s->live_binds = bind->next;
                live_bind_free(bind);
        }
}
