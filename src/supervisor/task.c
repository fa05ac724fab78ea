/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "task.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach.h"
#include "clone-tree.h"
#include "fd-util.h"
#include "file-util.h"
#include "image-job.h"
#include "incoming.h"
#include "log.h"

/* What a removed machine or volume has left can be much: nobody waits for it, and what remains is removed the next time. */
static int empty_folder(const SpawnRequest *request, uint64_t *ret_number, Error *error) {
        int r = directory_empty(request->run_dir);

        return r < 0 ? error_set_errno(error, r, "removing what is not needed any more", NULL) : 0;
}

static int work_on_networks(const SpawnRequest *request, uint64_t *ret_number, Error *error) {
        int r = 0;

        if (request->flags & SPAWN_NETWORK_SWEEP) {
                incoming_sweep();
                r = network_sweep(error);
        }
        return r >= 0 && request->flags & SPAWN_NETWORK_RELOAD ? network_reload(error) : r;
}

/* Two lines: the name that it gets, and the path that it is made from. */
static int clone_tree(const SpawnRequest *request, uint64_t *ret_number, Error *error) {
        _cleanup_free_ char *text = NULL;
        char *path;
        int r = fd_read_all(request->stdin_fd, FILE_MAX_DEFAULT, &text, NULL);

        path = r < 0 ? NULL : strchr(text, '\n');
        if (!path)
                return error_set_errno(error, r < 0 ? r : -EPROTO, "reading what to clone", NULL);
        *path = '\0';
        return clone_make(request->tree, path + 1, request->run_dir, text, NULL, error);
}

/* The number is what it takes of the disk, where that was asked for. */
static int work_on_image(const SpawnRequest *request, uint64_t *ret_number, Error *error) {
        Progress progress = { .socket = request->stdout_fd };
        ImageJob job = {};
        int r = read(request->stdin_fd, &job, sizeof(job)) == sizeof(job)
                        ? image_job_run(&job, request->run_dir, request->tree, &progress, ret_number, error)
                        : error_set_errno(error, -EPROTO, "reading what to do with the image", NULL);

        progress_end(&progress, r, job.kind == IMAGE_JOB_MEASURE ? ret_number : NULL, error);
        return r;
}

/* Which of SPAWN_… does what. */
static const struct {
        SpawnFlags flags;
        int (*run)(const SpawnRequest *request, uint64_t *ret_number, Error *error);
} tasks[] = {
        { SPAWN_EMPTY, empty_folder },
        { SPAWN_NETWORK_SWEEP | SPAWN_NETWORK_RELOAD, work_on_networks },
        { SPAWN_CLONE, clone_tree },
        { SPAWN_IMAGE, work_on_image },
};

bool task_is_asked_for(SpawnFlags flags) {
        for (size_t i = 0; i < ELEMENTSOF(tasks); i++)
                if (flags & tasks[i].flags)
                        return true;
        return false;
}

int task_main(SpawnRequest *request) {
        _cleanup_error_ Error error = ERROR_NULL;
        uint64_t number = 0;
        int r = -ENOSYS;

        (void) umask(0);
        for (size_t i = 0; i < ELEMENTSOF(tasks); i++)
                if (request->flags & tasks[i].flags) {
                        r = tasks[i].run(request, &number, &error);
                        break;
                }
        if (request->stderr_fd >= 0)
                spawn_print_result(request->stderr_fd, r, number, &error);
        else if (r < 0)
                (void) log_failure(r, &error, NULL);
        spawn_request_close(request);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
