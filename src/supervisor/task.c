/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "task.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "attach.h"
#include "clone-tree.h"
#include "fd-util.h"
#include "file-util.h"
#include "log.h"

/* What a removed machine or volume has left can be much: nobody waits for it, and what remains is removed the next time. */
static int empty_folder(const SpawnRequest *request, Error *error) {
        int r = directory_empty(request->run_dir);

        return r < 0 ? error_set_errno(error, r, "removing what is not needed any more", NULL) : 0;
}

static int work_on_networks(const SpawnRequest *request, Error *error) {
        int r = request->flags & SPAWN_NETWORK_SWEEP ? network_sweep(error) : 0;

        return r >= 0 && request->flags & SPAWN_NETWORK_RELOAD ? network_reload(error) : r;
}

/* Two lines: the name that it gets, and the path that it is made from. */
static int clone_tree(const SpawnRequest *request, Error *error) {
        _cleanup_free_ char *text = NULL;
        char *path;
        int r = fd_read_all(request->stdin_fd, FILE_MAX_DEFAULT, &text, NULL);

        path = r < 0 ? NULL : strchr(text, '\n');
        if (!path)
                return error_set_errno(error, r < 0 ? r : -EPROTO, "reading what to clone", NULL);
        *path = '\0';
        return clone_make(request->tree, path + 1, request->run_dir, text, error);
}

/* Which of SPAWN_… does what. */
static const struct {
        SpawnFlags flags;
        int (*run)(const SpawnRequest *request, Error *error);
} tasks[] = {
        { SPAWN_EMPTY, empty_folder },
        { SPAWN_NETWORK_SWEEP | SPAWN_NETWORK_RELOAD, work_on_networks },
        { SPAWN_CLONE, clone_tree },
};

bool task_is_asked_for(SpawnFlags flags) {
        for (size_t i = 0; i < ELEMENTSOF(tasks); i++)
                if (flags & tasks[i].flags)
                        return true;
        return false;
}

int task_main(SpawnRequest *request) {
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_free_ char *text = NULL;
        int r = -ENOSYS;

        (void) umask(0);
        for (size_t i = 0; i < ELEMENTSOF(tasks); i++)
                if (request->flags & tasks[i].flags) {
                        r = tasks[i].run(request, &error);
                        break;
                }
        if (r < 0 && request->stderr_fd < 0)
                (void) log_failure(r, &error, NULL);
        else if (r < 0) {
                text = error_is_set(&error) ? error_render(&error) : NULL;
                (void) dprintf(request->stderr_fd, "%s\n", text ? text : errno_text(r));
        }
        spawn_request_close(request);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
