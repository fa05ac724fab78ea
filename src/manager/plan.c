/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fd-util.h"
#include "run-request.h"
#include "spawner.h"

/* A plan is some hundred lines. */
enum { TEXT_MAX = 1024 * 1024 };

#define PLAN_USEC (30 * USEC_PER_SEC)

static const char step[] = "planning the machine";

/* What comes through one pipe until its end. */
typedef struct Text {
        struct Plan *plan;
        int fd, peer;
        sd_event_source *source;
        char *data;
        size_t size;
        bool complete;
} Text;

typedef struct Plan {
        Operation operation;
        sd_bus_message *message; /* to be answered */
        Preparation preparation;
        Text output, errors;
        sd_event_source *timer;
        bool requested;
} Plan;

static void text_done(Text *text) {
        sd_event_source_disable_unref(text->source);
        (void) fd_close(text->fd);
        (void) fd_close(text->peer);
        free(text->data);
}

static void plan_free(Operation *operation) {
        Plan *plan = (Plan *) operation;

        text_done(&plan->output);
        text_done(&plan->errors);
        sd_event_source_disable_unref(plan->timer);
        preparation_undo(&plan->preparation);
        sd_bus_message_unref(plan->message);
        operation_end(&plan->operation);
        free(plan);
}

static void plan_fail(Plan *plan, int r, const Error *error) {
        reply_error(plan->message, r, error);
        plan_free(&plan->operation);
}

/* The plan is on standard output; without one, standard error says why. */
static void plan_finish(Plan *plan) {
        _cleanup_error_ Error error = ERROR_NULL;
        int r = 0;

        if (plan->output.size == 0)
                r = error_set(&error, ERROR_START_FAILED, EIO, step, plan->preparation.spec->name, "%s",
                              plan->errors.size > 0 ? plan->errors.data : "the supervisor said nothing");
        else {
                r = sd_bus_reply_method_return(plan->message, "s", plan->output.data);
                if (r < 0)
                        error_set_errno(&error, r, step, plan->preparation.spec->name);
        }

        if (r < 0)
                plan_fail(plan, r, &error);
        else
                plan_free(&plan->operation);
}

static int text_grow(Text *text, const char *data, size_t n) {
        char *grown;

        if (text->size + n > TEXT_MAX)
                return -EFBIG;
        grown = realloc(text->data, text->size + n + 1);
        if (!grown)
                return -ENOMEM;
        text->data = grown;
        (void) memcpy(grown + text->size, data, n);
        text->size += n;
        grown[text->size] = '\0';
        return 0;
}

static int on_text(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Text *text = userdata;
        Plan *plan = text->plan;
        char buffer[4096];
        ssize_t n = read(fd, buffer, sizeof(buffer));
        int r = n < 0 ? negative_errno() : text_grow(text, buffer, (size_t) n);

        if (r == -EAGAIN || r == -EINTR)
                return 0;
        if (r < 0) {
                plan_fail(plan, r, &ERROR_NULL);
                return 0;
        }
        if (n > 0)
                return 0;

        text->complete = true;
        text->source = sd_event_source_disable_unref(text->source);
        if (plan->output.complete && plan->errors.complete && !plan->requested)
                plan_finish(plan);
        return 0;
}

static void on_spawned(void *userdata, int pidfd) {
        _cleanup_error_ Error error = ERROR_NULL;
        Plan *plan = userdata;

        plan->requested = false;
        plan->output.peer = fd_close(plan->output.peer);
        plan->errors.peer = fd_close(plan->errors.peer);
        if (pidfd < 0) {
                error_set_errno(&error, pidfd, "starting the supervisor", plan->preparation.spec->name);
                plan_fail(plan, pidfd, &error);
        } else
                /* Its output tells of its end. */
                (void) fd_close(pidfd);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_error_ Error error = ERROR_NULL;
        Plan *plan = userdata;
        int r = error_set(&error, ERROR_FAILED, ETIMEDOUT, step, plan->preparation.spec->name, "it took too long");

        /* The spawner still has our descriptors' numbers: it must answer first. */
        if (plan->requested)
                return 0;
        plan_fail(plan, r, &error);
        return 0;
}

static int text_open(Plan *plan, Text *text) {
        int pair[2];

        if (pipe2(pair, O_CLOEXEC) < 0)
                return negative_errno();
        *text = (Text){ .plan = plan, .fd = pair[0], .peer = pair[1] };

        /* Ours alone: a supervisor that prints more than a pipe holds shall wait. */
        if (fcntl(text->fd, F_SETFL, O_NONBLOCK) < 0)
                return negative_errno();
        return sd_event_add_io(plan->operation.manager->event, &text->source, text->fd, EPOLLIN, on_text, text);
}

static int plan_request(Plan *plan, Error *error) {
        Manager *manager = plan->operation.manager;
        int r;

        r = text_open(plan, &plan->output);
        if (r >= 0)
                r = text_open(plan, &plan->errors);
        if (r >= 0)
                r = sd_event_add_time_relative(manager->event, &plan->timer, CLOCK_MONOTONIC, PLAN_USEC, 0, on_timer, plan);
        if (r >= 0)
                r = spawner_request(manager->spawner,
                                    &(SpawnRequest){
                                            .flags = SPAWN_PLAN,
                                            .run_dir = plan->preparation.entry.dir,
                                            .tree = plan->preparation.tree,
                                            .name_lock = plan->preparation.entry.lock,
                                            .range_lock = plan->preparation.range_lock,
                                            .address_lock = plan->preparation.address_lock,
                                            .link = -EBADF,
                                            .session = -EBADF,
                                            .devices = -EBADF,
                                            .stdin_fd = -EBADF,
                                            .stdout_fd = plan->output.peer,
                                            .stderr_fd = plan->errors.peer,
                                            .namespaces = plan->preparation.namespaces,
                                    },
                                    on_spawned, plan);
        if (r < 0)
                return error_set_errno(error, r, step, plan->preparation.spec->name);
        plan->requested = true;
        return 0;
}

int plan_run(Call *call, Error *error) {
        Manager *manager = call->operation.manager;
        RunRequest *request = call->data;
        Plan *plan = calloc(1, sizeof(Plan));
        int r;

        run_request_warn(manager, call->message, request);
        if (!plan)
                return error_oom(error);
        *plan = (Plan){
                .message = sd_bus_message_ref(call->message),
                .preparation = PREPARATION_NULL,
                .output = { .fd = -EBADF, .peer = -EBADF },
                .errors = { .fd = -EBADF, .peer = -EBADF },
        };

        r = operation_begin(&plan->operation, manager, OPERATION_PLAN, plan_free, error);
        operation_inherit(&plan->operation, &call->operation);
        if (r >= 0)
                r = prepare(manager->places, TAKE_PTR(request->spec), PREPARE_PLAN, &plan->preparation, error);
        if (r >= 0)
                r = plan_request(plan, error);
        if (r < 0)
                plan_free(&plan->operation);
        return r;
}
