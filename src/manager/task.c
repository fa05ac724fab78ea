/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "task.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fd-util.h"
#include "log.h"
#include "spawn-protocol.h"
#include "spawner.h"
#include "string-util.h"

typedef struct RunningTask {
        Operation operation;
        const char *step;
        TaskDone done;
        void *userdata;
        SpawnRequest request;    /* until the spawner has it */
        char *path;
        int fd;                  /* of the other end is its standard error */
        sd_event_source *source;
        char text[2048];
        size_t size;
        bool requested;
        bool complete;           /* its standard error has ended */
} RunningTask;

static void task_free(Operation *operation) {
        RunningTask *t = (RunningTask *) operation;

        sd_event_source_disable_unref(t->source);
        (void) fd_close(t->fd);
        spawn_request_close(&t->request);
        operation_end(&t->operation);
        free(t->path);
        free(t);
}

static void task_finish(RunningTask *t, int r) {
        _cleanup_error_ Error error = ERROR_NULL;
        TaskDone done = t->done;
        void *userdata = t->userdata;
        uint64_t number = 0;

        if (r < 0)
                (void) error_set_errno(&error, r, t->step, NULL);
        else
                r = spawn_read_result(t->text, t->step, &number, &error);

        if (r < 0 && !done)
                (void) log_failure(r, &error, NULL);
        task_free(&t->operation);
        if (done)
                done(userdata, r, number, &error);
}

static int on_text(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        RunningTask *t = userdata;
        ssize_t n = read(fd, t->text + t->size, sizeof(t->text) - 1 - t->size);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n > 0) {
                t->size += (size_t) n;
                return 0;
        }
        t->source = sd_event_source_disable_unref(t->source);
        t->complete = true;
        if (!t->requested)
                task_finish(t, n < 0 && t->size < sizeof(t->text) - 1 ? negative_errno() : 0);
        return 0;
}

static void on_spawned(void *userdata, int pidfd) {
        RunningTask *t = userdata;

        t->requested = false;
        spawn_request_close(&t->request);
        if (pidfd < 0)
                task_finish(t, pidfd);
        else if (t->complete)
                task_finish(t, 0);
        /* Its standard error tells of its end. */
        (void) fd_close(pidfd);
}

static int request(RunningTask *t, Error *error) {
        Manager *manager = t->operation.manager;
        int pair[2], r = 0;

        if (pipe2(pair, O_CLOEXEC) < 0)
                return error_set_errno(error, negative_errno(), t->step, NULL);
        t->fd = pair[0];
        t->request.stderr_fd = pair[1];
        if (fcntl(t->fd, F_SETFL, O_NONBLOCK) < 0)
                r = negative_errno();
        if (r >= 0)
                r = sd_event_add_io(manager->event, &t->source, t->fd, EPOLLIN, on_text, t);
        if (r >= 0)
                r = spawner_request(manager->spawner, &t->request, on_spawned, t);
        if (r < 0)
                return error_set_errno(error, r, t->step, NULL);
        t->requested = true;
        return 0;
}

int task_begin(Manager *manager, const Task *task, TaskDone done, void *userdata, Error *error) {
        RunningTask *t = calloc(1, sizeof(RunningTask));
        SpawnRequest given = task->request;
        int r;

        if (!t) {
                spawn_request_close(&given);
                return error_oom(error);
        }
        *t = (RunningTask){ .step = task->step, .request = given, .done = done, .userdata = userdata, .fd = -EBADF };

        r = operation_begin(&t->operation, manager, task->kind, task_free, error);
        if (r >= 0 && task->call)
                operation_inherit(&t->operation, task->call);
        if (r >= 0 && str_replace(&t->path, task->path) < 0)
                r = error_oom(error);
        if (r >= 0)
                r = request(t, error);
        if (r < 0)
                task_free(&t->operation);
        return r;
}

/* Images are the only ones that others could use by their paths. */
bool task_is_on(const Manager *manager, const char *path) {
        for (const Operation *o = manager->operations; o; o = o->next)
                if (o->kind == OPERATION_IMAGE && streq_ptr(((const RunningTask *) o)->path, path))
                        return true;
        return false;
}
