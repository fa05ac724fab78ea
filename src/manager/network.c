/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fd-util.h"
#include "log.h"
#include "operation.h"
#include "pool.h"
#include "spawner.h"
#include "string-util.h"

/* So that one machine after another finds the network of the one before, and no bridge comes and goes each time. */
#define SWEEP_USEC (2 * USEC_PER_SEC)

static const char step[] = "working on the networks";

/* Tasks */

typedef struct NetworkTask {
        Operation operation;
        NetworkDone done;
        void *userdata;
        int fd, peer;            /* the task's standard error: what it says there is why it failed */
        sd_event_source *source;
        char text[1024];
        size_t size;
        bool requested;
        bool complete;
} NetworkTask;

static void task_free(Operation *operation) {
        NetworkTask *t = (NetworkTask *) operation;

        sd_event_source_disable_unref(t->source);
        (void) fd_close(t->fd);
        (void) fd_close(t->peer);
        operation_end(&t->operation);
        free(t);
}

static void task_finish(NetworkTask *t, int r) {
        _cleanup_error_ Error error = ERROR_NULL;
        NetworkDone done = t->done;
        void *userdata = t->userdata;

        if (r < 0)
                (void) error_set_errno(&error, r, step, NULL);
        else if (t->size > 0)
                r = error_set_rendered(&error, ERROR_FAILED, EIO, t->text);

        if (r < 0 && !done)
                (void) log_failure(r, &error, NULL);
        task_free(&t->operation);
        if (done)
                done(userdata, r, &error);
}

static int on_text(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        NetworkTask *t = userdata;
        ssize_t n = read(fd, t->text + t->size, sizeof(t->text) - 1 - t->size);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n > 0) {
                t->size += (size_t) n;
                return 0;
        }
        t->source = sd_event_source_disable_unref(t->source);
        t->complete = true;
        t->text[strcspn(t->text, "\n")] = '\0';
        if (!t->requested)
                task_finish(t, n < 0 && t->size < sizeof(t->text) - 1 ? negative_errno() : 0);
        return 0;
}

static void on_spawned(void *userdata, int pidfd) {
        NetworkTask *t = userdata;

        t->requested = false;
        t->peer = fd_close(t->peer);
        if (pidfd < 0)
                task_finish(t, pidfd);
        else
                /* Its standard error tells of its end. */
                (void) fd_close(pidfd);
}

static int task_open(NetworkTask *t) {
        int pair[2];

        if (pipe2(pair, O_CLOEXEC) < 0)
                return negative_errno();
        t->fd = pair[0];
        t->peer = pair[1];
        if (fcntl(t->fd, F_SETFL, O_NONBLOCK) < 0)
                return negative_errno();
        return sd_event_add_io(t->operation.manager->event, &t->source, t->fd, EPOLLIN, on_text, t);
}

static int task_request(NetworkTask *t, unsigned flags, Error *error) {
        int r = task_open(t);

        if (r >= 0)
                r = spawner_request(t->operation.manager->spawner,
                                    &(SpawnRequest){
                                            .flags = flags,
                                            .run_dir = -EBADF, .tree = -EBADF, .name_lock = -EBADF, .range_lock = -EBADF,
                                            .address_lock = -EBADF, .link = -EBADF, .session = -EBADF, .stdin_fd = -EBADF,
                                            .stdout_fd = -EBADF,
                                            .stderr_fd = t->peer,
                                            .namespaces = NAMESPACES_NULL,
                                    },
                                    on_spawned, t);
        if (r < 0)
                return error_set_errno(error, r, step, NULL);
        t->requested = true;
        return 0;
}

int network_task_begin(Manager *manager, unsigned flags, NetworkDone done, void *userdata, Error *error) {
        NetworkTask *t = calloc(1, sizeof(NetworkTask));
        int r;

        if (!t)
                return error_oom(error);
        *t = (NetworkTask){ .done = done, .userdata = userdata, .fd = -EBADF, .peer = -EBADF };

        r = operation_begin(&t->operation, manager, OPERATION_NETWORK, task_free, error);
        if (r >= 0)
                r = task_request(t, flags, error);
        if (r < 0)
                task_free(&t->operation);
        return r;
}

/* Tidying up */

/* Whether there is a network that no machine uses. */
static bool some_are_unused(const Manager *manager) {
        _cleanup_free_ char *path = str_format("%s/network", manager->places->run);
        DIR *stream = path ? opendir(path) : NULL;
        struct dirent *item;
        bool unused = false;

        while (stream && !unused && (item = readdir(stream)))
                unused = item->d_name[0] != '.' && pool_is_leased(dirfd(stream), item->d_name) == 0;
        if (stream)
                (void) closedir(stream);
        return unused;
}

static int on_sweep_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_error_ Error error = ERROR_NULL;
        Manager *manager = userdata;
        unsigned task = (some_are_unused(manager) ? SPAWN_NETWORK_SWEEP : 0) |
                        (manager->network_stale ? SPAWN_NETWORK_RELOAD : 0);
        int r = 0;

        manager->network_timer = sd_event_source_disable_unref(manager->network_timer);
        manager->network_stale = false;
        if (task != 0)
                r = network_task_begin(manager, task, NULL, NULL, &error);
        if (r < 0)
                (void) log_failure(r, &error, NULL);
        manager_check_idle(manager);
        return 0;
}

void networks_check(Manager *manager) {
        if (!manager->network_timer && (manager->network_stale || some_are_unused(manager)))
                (void) sd_event_add_time_relative(manager->event, &manager->network_timer, CLOCK_MONOTONIC, SWEEP_USEC,
                                                  USEC_PER_SEC / 4, on_sweep_timer, manager);
}
