/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "exec.h"
#include "fd-util.h"
#include "log.h"
#include "parse-util.h"
#include "string-util.h"
#include "strv.h"

/* Of what a check printed. */
enum { SHOWN_MAX = 512 };

struct Health {
        Supervisor *supervisor;
        sd_event_source *timer;  /* of the next check, or of the one that runs */
        Exec *exec;              /* the one that runs */
        int output;              /* what it prints: a file in memory, whose pages are the machine's */
        bool late;               /* it was killed for its time */
        uint64_t begin_usec;     /* of this life, CLOCK_MONOTONIC */
        bool proved;             /* it was well once */
};

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata);

static void wait_for(Health *h, uint64_t usec) {
        Supervisor *s = h->supervisor;
        int r;

        h->timer = sd_event_source_disable_unref(h->timer);
        if (usec == USEC_INFINITY)
                return;
        r = sd_event_add_time_relative(s->event, &h->timer, CLOCK_MONOTONIC, usec, 0, on_timer, h);
        if (r < 0)
                log_warning("the health of %s is not checked any more: %s", s->spec->name, errno_text(r));
}

/* What it printed, as far as people need it. */
static char *read_output(const Health *h) {
        char text[SHOWN_MAX + 1];
        ssize_t n = pread(h->output, text, SHOWN_MAX, 0);

        for (; n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '); n--)
                ;
        text[n > 0 ? n : 0] = '\0';
        return str_escape(text);
}

static void act(Supervisor *s) {
        switch (s->spec->health_on_failure) {
        case HEALTH_KILL:
                log_warning("machine '%s' is unhealthy: killing it", s->spec->name);
                supervisor_dispatch(s, EVENT_UNHEALTHY_KILL);
                break;
        case HEALTH_RESTART:
                log_warning("machine '%s' is unhealthy: beginning it again", s->spec->name);
                supervisor_dispatch(s, EVENT_UNHEALTHY_RESTART);
                break;
        case HEALTH_NONE:
        case _HEALTH_ACTION_MAX:
                break;
        }
}

/* A check that fails while the machine is still beginning says nothing, until one has succeeded (as docker's do). */
static void judge(Health *h, bool well, char *output) {
        bool beginning = !h->proved && now_usec() - h->begin_usec < h->supervisor->spec->health_start_period_usec;
        Supervisor *s = h->supervisor;
        uint32_t failures = well || beginning ? 0 : s->state.health_failures + 1;
        HealthState state = well ? HEALTH_HEALTHY : failures >= s->spec->health_retries ? HEALTH_UNHEALTHY : s->state.health;
        bool turned = state == HEALTH_UNHEALTHY && s->state.health != HEALTH_UNHEALTHY,
             changed = state != s->state.health || failures != s->state.health_failures ||
                       !streq(strempty(s->state.health_output), strempty(output));

        h->proved = h->proved || well;
        s->state.health = state;
        s->state.health_failures = failures;
        (void) str_replace(&s->state.health_output, isempty(output) ? NULL : output);
        if (changed)
                supervisor_publish(s);
        if (turned)
                act(s);
}

static void on_done(void *userdata, const State *result) {
        Health *h = userdata;
        _cleanup_free_ char *output = NULL;
        bool well = result->result == RESULT_EXITED && result->status == 0;
        char span[FORMAT_USEC_MAX];
        Supervisor *s = h->supervisor;

        h->exec = NULL;
        if (h->late)
                output = str_format("the check did not end within %s (HealthTimeoutSec=)",
                                    format_usec(s->spec->health_timeout_usec, span));
        else
                output = read_output(h);
        h->output = fd_close(h->output);
        wait_for(h, s->spec->health_interval_usec);
        /* Last: it may end us. */
        judge(h, well, output);
}

static int run_check(Health *h, Error *error) {
        _cleanup_exec_request_ ExecRequest request = { .stdio = { -EBADF, -EBADF, -EBADF }, .report = -EBADF };
        Supervisor *s = h->supervisor;
        static const char *const shell[] = { "/bin/sh", "-c" };
        int r = 0;

        request.spec = spec_new();
        if (!request.spec)
                return error_oom(error);
        for (size_t i = 0; i < ELEMENTSOF(shell) && r >= 0; i++)
                r = strv_append(&request.spec->parameters, shell[i]);
        if (r >= 0)
                r = strv_append(&request.spec->parameters, s->spec->health_command);
        if (r < 0)
                return error_oom(error);

        h->output = memfd_create("health", MFD_CLOEXEC);
        if (h->output < 0)
                return error_set_errno(error, negative_errno(), "checking the health", s->spec->name);
        request.stdio[1] = request.stdio[2] = h->output;
        request.detach = true;
        request.done = on_done;
        request.userdata = h;
        h->late = false;
        r = exec_begin(s, &request, NULL, &h->exec, error);
        if (r < 0)
                h->output = fd_close(h->output);
        return r;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_error_ Error error = ERROR_NULL;
        Health *h = userdata;
        Supervisor *s = h->supervisor;
        int r;

        /* It could not have gone on. */
        if (h->exec && (s->phase == PHASE_PAUSING || s->phase == PHASE_PAUSED)) {
                wait_for(h, s->spec->health_timeout_usec);
                return 0;
        }
        if (h->exec) {
                h->late = true;
                exec_signal(h->exec, SIGKILL);
                return 0;
        }
        if (s->phase != PHASE_RUNNING) {
                wait_for(h, s->spec->health_interval_usec);
                return 0;
        }

        r = run_check(h, &error);
        if (r < 0) {
                _cleanup_free_ char *text = error_render(&error);

                wait_for(h, s->spec->health_interval_usec);
                judge(h, /* well= */ false, text);
        } else
                wait_for(h, s->spec->health_timeout_usec);
        return 0;
}

void health_begin(Supervisor *s) {
        Health *h;

        if (!s->spec->health_command || s->health)
                return;
        h = malloc(sizeof(Health));
        if (!h) {
                log_warning("the health of %s is not checked: %s", s->spec->name, errno_text(ENOMEM));
                return;
        }
        *h = (Health){ .supervisor = s, .output = -EBADF, .begin_usec = now_usec() };
        s->health = h;
        s->state.health = HEALTH_STARTING;
        s->state.health_failures = 0;
        (void) str_replace(&s->state.health_output, NULL);
        wait_for(h, s->spec->health_interval_usec);
}

void health_end(Supervisor *s) {
        Health *h = s->health;

        if (!h)
                return;
        s->health = NULL;
        s->state.health = HEALTH_UNKNOWN;
        if (h->exec)
                exec_forget(h->exec);
        sd_event_source_disable_unref(h->timer);
        (void) fd_close(h->output);
        free(h);
}
