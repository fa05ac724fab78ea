/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pause.h"

#include <fcntl.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "interfaces.h"
#include "log.h"
#include "string-util.h"

/* One that waits for a device can't be frozen before that has answered. Less than a manager waits for us. */
#define FREEZE_USEC (5 * USEC_PER_SEC)

static const char step[] = "pausing the machine";

static int on_events(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        supervisor_dispatch(userdata, EVENT_FROZEN);
        return 0;
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        supervisor_dispatch(userdata, EVENT_NOT_FROZEN);
        return 0;
}

static void stop_watching(Supervisor *s) {
        s->freeze_source = sd_event_source_disable_unref(s->freeze_source);
        s->freeze_timer = sd_event_source_disable_unref(s->freeze_timer);
}

static void answer(Supervisor *s, const Error *error) {
        sd_bus_message *call = TAKE_PTR(s->freeze_call);

        stop_watching(s);
        if (!call)
                return;
        if (error_is_set(error))
                (void) reply_error(call, error);
        else
                (void) sd_bus_reply_method_return(call, NULL);
        sd_bus_message_unref(call);
}

/* The kernel's "frozen 1" in cgroup.events comes when the last of them stands still (cgroup v2 documentation, cgroup.freeze). */
static int watch(Supervisor *s, int payload) {
        _cleanup_close_ int fd = openat(payload, "cgroup.events", O_RDONLY | O_CLOEXEC);
        int r;

        if (fd < 0)
                return negative_errno();
        r = sd_event_add_io(s->event, &s->freeze_source, fd, EPOLLPRI, on_events, s);
        if (r >= 0)
                r = sd_event_source_set_io_fd_own(s->freeze_source, true);
        if (r < 0)
                return r;
        TAKE_FD(fd);
        return sd_event_add_time_relative(s->event, &s->freeze_timer, CLOCK_MONOTONIC, FREEZE_USEC, /* accuracy= */ 0,
                                          on_patience, s);
}

static bool is_frozen(const Supervisor *s) {
        _cleanup_free_ char *text = NULL;

        return file_read_at(cgroup_payload(&s->cgroup), "cgroup.events", FILE_MAX_DEFAULT, &text, NULL) >= 0 &&
               strstr(text, "frozen 1");
}

int pause_begin(Supervisor *s, sd_bus_message *call, Error *error) {
        int payload = cgroup_payload(&s->cgroup), r;

        if (s->phase == PHASE_PAUSING || s->phase == PHASE_PAUSED)
                return error_set(error, ERROR_MACHINE_PAUSED, EALREADY, step, s->spec->name, "it is paused already");
        if (s->phase != PHASE_RUNNING)
                return error_set(error, ERROR_MACHINE_NOT_RUNNING, ESRCH, step, s->spec->name, "it is %s",
                                 machine_state_to_string(s->state.state));
        if (payload < 0 || faccessat(payload, "cgroup.freeze", F_OK, 0) < 0)
                return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, step, s->spec->name,
                                 "the unified hierarchy of cgroups is not there");

        r = watch(s, payload);
        if (r >= 0)
                r = file_write_value(payload, "cgroup.freeze", "1");
        if (r < 0) {
                stop_watching(s);
                return error_set_errno(error, r, step, s->spec->name);
        }
        s->freeze_call = sd_bus_message_ref(call);
        s->phase = PHASE_PAUSING;
        /* It may have been as quick as that. */
        pause_settle(s);
        return 0;
}

void pause_settle(Supervisor *s) {
        if (!is_frozen(s))
                return;
        supervisor_set_state(s, PHASE_PAUSED, MACHINE_PAUSED);
        answer(s, &ERROR_NULL);
}

static void thaw(Supervisor *s) {
        int r = file_write_value(cgroup_payload(&s->cgroup), "cgroup.freeze", "0");

        if (r < 0)
                log_warning("thawing machine '%s': %s", s->spec->name, errno_text(r));
}

void pause_give_up(Supervisor *s) {
        _cleanup_error_ Error error = ERROR_NULL;

        thaw(s);
        s->phase = PHASE_RUNNING;
        (void) error_set(&error, ERROR_FAILED, ETIMEDOUT, step, s->spec->name,
                         "some of its processes cannot be stopped now, since they wait for a device or a file system");
        answer(s, &error);
}

void pause_cancel(Supervisor *s) {
        _cleanup_error_ Error error = ERROR_NULL;

        thaw(s);
        if (s->freeze_call)
                (void) error_set(&error, ERROR_MACHINE_NOT_RUNNING, ECANCELED, step, s->spec->name, "it ends");
        answer(s, &error);
}

int pause_end(Supervisor *s, Error *error) {
        static const char unpause[] = "letting the machine go on";
        int r;

        if (s->phase != PHASE_PAUSED)
                return error_set(error, ERROR_MACHINE_NOT_PAUSED, EALREADY, unpause, s->spec->name, "it is not paused");
        r = file_write_value(cgroup_payload(&s->cgroup), "cgroup.freeze", "0");
        if (r < 0)
                return error_set_errno(error, r, unpause, s->spec->name);
        supervisor_set_state(s, PHASE_RUNNING, MACHINE_RUNNING);
        return 0;
}
