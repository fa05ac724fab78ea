/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "clone.h"

#include "clone-tree.h"
#include "fd-util.h"
#include "string-util.h"

int clone_begin(Manager *manager, const char *source, const char *target, TaskDone done, void *userdata, Error *error) {
        Task task = { .kind = OPERATION_CLONE, .step = "cloning the tree", .request = SPAWN_REQUEST_NULL };
        _cleanup_(clone_done) Clone clone = CLONE_NULL;
        _cleanup_free_ char *text = NULL;
        int r = clone_open(source, target, &clone, error);

        if (r < 0)
                return r;
        text = str_format("%s\n%s", clone.name, source);
        r = text ? fd_from_data("berth-clone", text, strlen(text)) : -ENOMEM;
        if (r < 0)
                return error_set_errno(error, r, task.step, target);

        task.request.flags = SPAWN_CLONE;
        task.request.stdin_fd = r;
        task.request.tree = TAKE_FD(clone.source);
        task.request.run_dir = TAKE_FD(clone.parent);
        return task_begin(manager, &task, done, userdata, error);
}

int template_begin(Manager *manager, const Spec *spec, TaskDone done, void *userdata, Error *error) {
        int r = template_is_wanted(spec, error);

        if (r <= 0)
                return r;
        r = clone_begin(manager, spec->template_tree, spec->root, done, userdata, error);
        return r < 0 ? r : 1;
}
