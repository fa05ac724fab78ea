/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-bus.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fd-util.h"
#include "image-job.h"
#include "image-use.h"
#include "image-watch.h"
#include "image.h"
#include "machine.h"
#include "manager-bus.h"
#include "object.h"
#include "path-util.h"
#include "stores.h"
#include "string-util.h"
#include "strv.h"
#include "task.h"

static int check(Manager *manager, const char *name, Error *error);

static const ObjectKind image_object = { IMAGE_PATH_PREFIX, IMAGE_INTERFACE, "ImageNew", "ImageRemoved", check };

/* Properties: a look at the image each, from which the one that is asked for is chosen. */

static int path_of(const char *name, char **ret) {
        return sd_bus_path_encode(IMAGE_PATH_PREFIX, name, ret);
}

static int find_by_path(const char *path, Image *ret) {
        _cleanup_free_ char *name = NULL;
        int r = sd_bus_path_decode(path, IMAGE_PATH_PREFIX, &name);

        return r < 0 ? r : r == 0 ? -ENOENT : image_find(name, ret);
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                    void *userdata, sd_bus_error *ret_error) {
        _cleanup_image_ Image image = {};
        int r = find_by_path(path, &image);

        if (r < 0)
                return r;
        return sd_bus_message_append(reply, "s",
                                     streq(property, "Name")   ? image.name
                                     : streq(property, "Path") ? image.path
                                                               : image_type_to_string(image.type));
}

static int get_number(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                      void *userdata, sd_bus_error *ret_error) {
        _cleanup_image_ Image image = {};
        int r = find_by_path(path, &image);

        if (r < 0)
                return r;
        return sd_bus_message_append(reply, "t",
                                     streq(property, "CreationTimestamp")       ? image.made_usec
                                     : streq(property, "ModificationTimestamp") ? image.changed_usec
                                                                                : image.usage);
}

static int get_read_only(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                         void *userdata, sd_bus_error *ret_error) {
        _cleanup_image_ Image image = {};
        int r = find_by_path(path, &image);

        return r < 0 ? r : sd_bus_message_append(reply, "b", (int) image.read_only);
}

static int get_machines(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                        void *userdata, sd_bus_error *ret_error) {
        _cleanup_strv_free_ char **names = NULL;
        _cleanup_image_ Image image = {};
        int r = find_by_path(path, &image);

        if (r >= 0)
                r = image_collect_machines(userdata, &image, &names);
        return r < 0 ? r : sd_bus_message_append_strv(reply, names);
}

#define ANYBODY SD_BUS_VTABLE_UNPRIVILEGED
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

const sd_bus_vtable image_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Name", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Path", "s", get_text, 0, CHANGES),
        SD_BUS_PROPERTY("Type", "s", get_text, 0, CHANGES),
        SD_BUS_PROPERTY("ReadOnly", "b", get_read_only, 0, CHANGES),
        SD_BUS_PROPERTY("CreationTimestamp", "t", get_number, 0, CHANGES),
        /* Whoever writes to it changes these. */
        SD_BUS_PROPERTY("ModificationTimestamp", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("Usage", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("Machines", "as", get_machines, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),

        SD_BUS_METHOD_WITH_ARGS("Remove", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, call_on_image_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Clone", SD_BUS_ARGS("s", new_name, "b", read_only, "a{sv}", options), SD_BUS_NO_RESULT,
                                call_on_image_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Rename", SD_BUS_ARGS("s", new_name), SD_BUS_NO_RESULT, call_on_image_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("SetReadOnly", SD_BUS_ARGS("b", read_only), SD_BUS_NO_RESULT, call_on_image_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Measure", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, call_on_image_method, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("GetUsage", SD_BUS_NO_ARGS, SD_BUS_RESULT("t", usage), call_on_image_method, ANYBODY),
        SD_BUS_VTABLE_END,
};

/* Objects */

static int find_image(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                      sd_bus_error *ret_error) {
        _cleanup_image_ Image image = {};
        int r = find_by_path(path, &image);

        *ret_found = userdata;
        return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

static int list_images(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *ret_error) {
        _cleanup_strv_free_ char **names = NULL;
        int r = image_list(&names);

        image_watch(userdata);
        return r < 0 ? r : object_paths(&image_object, names, ret_nodes);
}

int image_bus_register(Manager *manager) {
        int r = sd_bus_add_fallback_vtable(manager->bus, NULL, IMAGE_PATH_PREFIX, IMAGE_INTERFACE, image_vtable, find_image,
                                           manager);

        return r < 0 ? r : sd_bus_add_node_enumerator(manager->bus, NULL, IMAGE_PATH_PREFIX, list_images, manager);
}

void image_bus_announce(Manager *manager, const char *name, bool is_new) {
        object_announce(manager->bus, &image_object, name, is_new);
}

void image_bus_changed(Manager *manager, const char *name, const char *const *properties) {
        _cleanup_free_ char *path = NULL;

        if (path_of(name, &path) >= 0)
                (void) sd_bus_emit_properties_changed_strv(manager->bus, path, IMAGE_INTERFACE, (char **) properties);
}

/* What everybody may ask */

static int append_image(sd_bus_message *reply, const char *name) {
        _cleanup_image_ Image image = {};
        _cleanup_free_ char *path = NULL;
        int r = image_find(name, &image);

        /* It has gone meanwhile. */
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = path_of(name, &path);
        return r < 0 ? r
                     : sd_bus_message_append(reply, "(ssbttto)", image.name, image_type_to_string(image.type),
                                             (int) image.read_only, image.made_usec, image.changed_usec, image.usage, path);
}

int image_on_list(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_strv_free_ char **names = NULL;
        int r = sd_bus_message_new_method_return(m, &reply);

        image_watch(userdata);
        if (r >= 0)
                r = image_list(&names);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ssbttto)");
        STRV_FOREACH(name, names)
                if (r >= 0)
                        r = append_image(reply, *name);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int no_such_image(const char *name, Error *error) {
        _cleanup_strv_free_ char **names = NULL;
        const char *near = NULL;

        if (image_list(&names) >= 0)
                near = str_nearest(name, (const char *const *) names, strv_length(names));
        return error_set(error, ERROR_NO_SUCH_IMAGE, ENOENT, "looking up the image", name,
                         near ? "there is none in " STORES_TEXT "; did you mean %s?" : "there is none in " STORES_TEXT, near);
}

static int get(const char *name, Image *ret, Error *error) {
        int r = image_find(name, ret);

        return r == -ENOENT ? no_such_image(name, error) : r < 0 ? error_set_errno(error, r, "looking up the image", name) : 0;
}

static int check(Manager *manager, const char *name, Error *error) {
        _cleanup_image_ Image image = {};

        image_watch(manager);
        return get(name, &image, error);
}

int image_on_get(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        return object_on_get(userdata, m, &image_object);
}

/* What changes them */

/* One call: what it asks for, and what its answer needs once the work is done. */
typedef struct Work {
        ImageJob job;
        char *name, *to;
        int progress;            /* or -EBADF */

        Manager *manager;
        sd_bus_message *message; /* not answered yet; or NULL */
} Work;

static void work_free(void *data) {
        Work *w = data;

        (void) fd_close(w->progress);
        sd_bus_message_unref(w->message);
        free(w->name);
        free(w->to);
        free(w);
}

static const char read_step[] = "reading the call";

static int read_name(Call *call, ImageJobKind kind, Work **ret, Error *error) {
        Work *w = calloc(1, sizeof(Work));
        int r;

        if (!w)
                return error_oom(error);
        *w = (Work){ .job.kind = kind, .progress = -EBADF, .manager = call->operation.manager };
        call->data = w;
        call->free_data = work_free;
        *ret = w;

        r = object_read_name(call->message, &image_object, &w->name, error);
        return r < 0 ? r : str_replace(&call->image, w->name) < 0 ? error_oom(error) : 0;
}

static int read_new_name(Call *call, Work *w, Error *error) {
        const char *to;
        int r = sd_bus_message_read(call->message, "s", &to);

        if (r >= 0)
                r = str_replace(&w->to, to);
        if (r < 0)
                return error_set_errno(error, r, read_step, NULL);
        if (!image_name_is_valid(to))
                return error_set(error, ERROR_INVALID_NAME, EINVAL, read_step, to,
                                 "the name of an image has no slash and no control characters, and begins with no dot");
        return 0;
}

static int read_flag(Call *call, Work *w, Error *error) {
        int flag, r = sd_bus_message_read(call->message, "b", &flag);

        if (r < 0)
                return error_set_errno(error, r, read_step, NULL);
        w->job.read_only = flag;
        return 0;
}

static int read_option(Call *call, Work *w, const char *key, Error *error) {
        struct stat st;
        int fd, r;

        if (!streq(key, "Progress"))
                return error_set(error, ERROR_UNKNOWN_SETTING, EINVAL, read_step, key, "the only option is Progress");
        r = sd_bus_message_read(call->message, "v", "h", &fd);
        /* Only a socket can be written to without ever waiting for who reads. */
        if (r < 0 || fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, read_step, key, "it takes a socket (h)");
        (void) fd_close(w->progress);
        w->progress = fd_dup(fd);
        return w->progress < 0 ? error_set_errno(error, w->progress, read_step, key) : 0;
}

static int read_options(Call *call, Work *w, Error *error) {
        sd_bus_message *m = call->message;
        const char *key;
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r >= 0) {
                        r = read_option(call, w, key, error);
                        if (r < 0)
                                return r;
                        r = sd_bus_message_exit_container(m);
                }
        }
        return r < 0 ? error_set_errno(error, r, read_step, NULL) : 0;
}

int image_read_remove(Call *call, Error *error) {
        Work *w;
        int r = read_name(call, IMAGE_JOB_REMOVE, &w, error);

        return r < 0 ? r : read_options(call, w, error);
}

int image_read_clone(Call *call, Error *error) {
        Work *w;
        int r = read_name(call, IMAGE_JOB_CLONE, &w, error);

        if (r >= 0)
                r = read_new_name(call, w, error);
        if (r >= 0)
                r = read_flag(call, w, error);
        return r < 0 ? r : read_options(call, w, error);
}

int image_read_rename(Call *call, Error *error) {
        Work *w;
        int r = read_name(call, IMAGE_JOB_RENAME, &w, error);

        return r < 0 ? r : read_new_name(call, w, error);
}

int image_read_mark(Call *call, Error *error) {
        Work *w;
        int r = read_name(call, IMAGE_JOB_READ_ONLY, &w, error);

        return r < 0 ? r : read_flag(call, w, error);
}

int image_read_measure(Call *call, Error *error) {
        Work *w;

        return read_name(call, IMAGE_JOB_MEASURE, &w, error);
}

int image_read_measure_followed(Call *call, Error *error) {
        Work *w;
        int r = read_name(call, IMAGE_JOB_MEASURE, &w, error);

        if (r >= 0)
                r = read_options(call, w, error);
        if (r >= 0 && w->progress < 0)
                r = error_set(error, ERROR_INVALID_VALUE, EINVAL, read_step, "Progress", "without it nobody would be told");
        return r;
}

static int check_unused(Manager *manager, const Image *image, const Work *w, Error *error) {
        _cleanup_strv_free_ char **machines = NULL;
        _cleanup_free_ char *names = NULL;
        int r;

        if (task_is_on(manager, image->path))
                return error_set(error, ERROR_IMAGE_IN_USE, EBUSY, "taking the image", w->name, "it is being changed or removed");
        if (w->job.kind != IMAGE_JOB_REMOVE && w->job.kind != IMAGE_JOB_RENAME)
                return 0;
        r = image_collect_machines(manager, image, &machines);
        if (r < 0)
                return error_set_errno(error, r, "taking the image", w->name);
        if (!machines)
                return 0;
        names = strv_join(machines, ", ");
        return error_set(error, ERROR_IMAGE_IN_USE, EBUSY, "taking the image", w->name,
                         machines[1] ? "the machines %s are made from it: remove them first, with 'berth rm'"
                                     : "the machine %s is made from it: remove it first, with 'berth rm'",
                         strempty(names));
}

static int check_new_name(const Work *w, Error *error) {
        _cleanup_image_ Image there = {};
        int r = w->to ? image_find(w->to, &there) : -ENOENT;

        return r >= 0 ? error_set(error, ERROR_IMAGE_EXISTS, EEXIST, "taking the name", w->to, "there is an image of this name")
               : r != -ENOENT ? error_set_errno(error, r, "taking the name", w->to)
                              : 0;
}

/* The worker gets folders and names in them: it follows no path. */
/* What was opened is in REQUEST, also on failure. */
static int make_request(const Image *image, Work *w, SpawnRequest *request) {
        const char *file = path_basename(image->path), *suffix = image->type == IMAGE_RAW ? ".raw" : "";
        _cleanup_free_ char *folder = strndup(image->path, (size_t) (file - image->path));

        if (!folder)
                return -ENOMEM;
        (void) snprintf(w->job.file, sizeof(w->job.file), "%s", file);
        if (w->to)
                (void) snprintf(w->job.to, sizeof(w->job.to), "%s%s", w->to, suffix);

        request->flags = SPAWN_IMAGE;
        request->run_dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (request->run_dir < 0)
                return negative_errno();
        if (w->job.kind == IMAGE_JOB_CLONE) {
                request->tree = open(STORE_NEW, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (request->tree < 0)
                        return negative_errno();
        }
        request->stdin_fd = fd_from_data("berth-image-job", &w->job, sizeof(w->job));
        request->stdout_fd = TAKE_FD(w->progress);
        return request->stdin_fd < 0 ? request->stdin_fd : 0;
}

static void on_done(void *userdata, int r, uint64_t number, const Error *error) {
        Work *w = userdata;

        /* So that who waits for the answer has heard of it by then. */
        if (w->job.kind != IMAGE_JOB_MEASURE)
                image_look(w->manager);
        if (!w->message)
                ;
        else if (r < 0)
                reply_error(w->message, r, error);
        else if (w->job.kind == IMAGE_JOB_MEASURE)
                (void) sd_bus_reply_method_return(w->message, "t", number);
        else
                (void) sd_bus_reply_method_return(w->message, NULL);
        work_free(w);
}

int image_run(Call *call, Error *error) {
        Manager *manager = call->operation.manager;
        Task task = { .call = &call->operation,
                      .kind = OPERATION_IMAGE,
                      .step = "working on the image",
                      .request = SPAWN_REQUEST_NULL };
        Work *w = call->data;
        _cleanup_image_ Image image = {};
        bool at_once = w->progress >= 0;
        int r = get(w->name, &image, error);

        if (r >= 0)
                r = check_unused(manager, &image, w, error);
        if (r >= 0)
                r = check_new_name(w, error);
        if (r < 0)
                return r;
        r = make_request(&image, w, &task.request);
        if (r < 0) {
                spawn_request_close(&task.request);
                return error_set_errno(error, r, task.step, w->name);
        }

        /* Who only reads it keeps nobody else away. */
        if (w->job.kind != IMAGE_JOB_MEASURE && w->job.kind != IMAGE_JOB_CLONE)
                task.path = image.path;
        r = task_begin(manager, &task, on_done, w, error);
        if (r < 0)
                return r;
        call->data = NULL;
        call->free_data = NULL;
        /* With Progress the caller hears of the end from the one who does it. */
        if (at_once)
                return sd_bus_reply_method_return(call->message, NULL);
        w->message = sd_bus_message_ref(call->message);
        return 0;
}
