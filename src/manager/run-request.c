/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run-request.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "kept.h"
#include "log.h"
#include "manager-bus.h"
#include "name.h"
#include "setting.h"
#include "settings-files.h"
#include "spec-bus.h"
#include "start.h"
#include "string-util.h"
#include "strv.h"
#include "terminal-size-bus.h"

static const char step[] = "reading the call";

RunRequest *run_request_free(RunRequest *request) {
        if (!request)
                return NULL;
        spec_free(request->spec);
        spec_free(request->given);
        strv_free(request->warnings);
        free(request);
        return NULL;
}

static void free_data(void *data) {
        run_request_free(data);
}

/* Options that are no settings */

/* A directory, or a descriptor that only names something, would be a way out of the machine and no stream. */
static int check_stream(const char *key, int fd, Error *error) {
        int flags = fcntl(fd, F_GETFL);
        struct stat st;

        if (flags < 0 || fstat(fd, &st) < 0)
                return error_set_errno(error, negative_errno(), step, key);
        if ((flags & O_PATH) || S_ISDIR(st.st_mode))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, key, "it can't be read from or written to");
        return 0;
}

int run_request_read_stream(const char *key, sd_bus_message *m, int fds[static 3], Error *error) {
        static const char *const streams[] = { "StandardInput", "StandardOutput", "StandardError" };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(streams); i++)
                if (streq(key, streams[i])) {
                        r = sd_bus_message_read_basic(m, 'h', &fds[i]);
                        if (r < 0)
                                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, key, "it takes a descriptor (h)");
                        r = check_stream(key, fds[i], error);
                        return r < 0 ? r : 1;
                }
        return 0;
}

static int read_settings_mode(sd_bus_message *m, Spec *spec, Error *error) {
        const char *mode;

        if (sd_bus_message_read_basic(m, 's', &mode) < 0 || settings_mode_from_string(mode, &spec->settings_mode) < 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, "Settings",
                                 "it takes yes, no, override or trusted (s)");
        return 1;
}

static int read_option(const char *key, sd_bus_message *m, void *userdata, Error *error) {
        RunRequest *request = userdata;
        int value, r = run_request_read_stream(key, m, request->standard_fds, error);

        if (r != 0)
                return r;
        if (streq(key, TERMINAL_SIZE_KEY)) {
                r = terminal_size_read_bus(m, &request->terminal_size, error);
                return r < 0 ? r : 1;
        }
        if (streq(key, "Settings"))
                return read_settings_mode(m, request->spec, error);
        if (streq(key, "Timing")) {
                r = sd_bus_message_read_basic(m, 't', &request->spec->timing_usec);
                return r < 0 ? error_set(error, ERROR_INVALID_VALUE, EINVAL, step, key, "it takes a time in microseconds (t)")
                             : 1;
        }
        if (!streq(key, "Terminal") && !streq(key, "Remove"))
                return 0;
        r = sd_bus_message_read_basic(m, 'b', &value);
        if (r < 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, key, "it takes a boolean (b)");

        /* False is more than left out: then not even a system that boots gets one. */
        if (streq(key, "Terminal")) {
                request->spec->terminal = value;
                request->spec->streams = !value;
        } else if (request->kept)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, key,
                                 "a machine that is kept is removed by RemoveMachine");
        else
                request->spec->remove = value;
        return 1;
}

/* Which right it takes */

static int describe_call(Call *call, const Spec *spec, Error *error) {
        if (str_replace(&call->name, spec->name) < 0)
                return error_oom(error);
        call->command = strv_join(spec->parameters, " ");
        return call->command ? 0 : error_oom(error);
}

/* Reading */

static int request_new(Call *call, RunRequest **ret, Error *error) {
        RunRequest *request = calloc(1, sizeof(RunRequest));

        if (!request)
                return error_oom(error);
        *request = (RunRequest){ .spec = spec_new(), .standard_fds = { -EBADF, -EBADF, -EBADF } };
        call->data = *ret = request;
        call->free_data = free_data;
        return request->spec ? 0 : error_oom(error);
}

static int read_command(sd_bus_message *m, char ***ret, Error *error) {
        int r = sd_bus_message_read_strv(m, ret);

        return r < 0 ? error_set_errno(error, r, step, "command") : 0;
}

/* A command that is given as such replaces Parameters=. */
static int set_command(Spec *spec, char *const *command, Error *error) {
        const Setting *parameters = setting_by_name("Parameters");
        int r;

        if (strv_length(command) == 0)
                return 0;
        r = setting_assign(parameters, spec, "", error);
        for (char *const *word = command; r >= 0 && *word; word++)
                r = setting_add(parameters, spec, *word, error);
        return r;
}

/*
 * Before the caller is authorized, so that the right that it takes is told by all that the machine will be: who may run a
 * machine is not thereby allowed to run his own command in what the administrator opened up for another.
 */
static int apply_files(RunRequest *request, Error *error) {
        _cleanup_spec_ Spec *given = spec_copy(request->spec);
        _cleanup_free_ char *name = NULL;
        bool found;
        int r;

        name = request->spec->name ? strdup(request->spec->name) : name_from_tree(request->spec->root);
        if (!name || !given)
                return error_oom(error);
        r = settings_files_apply(settings_folders, name, request->spec->root, request->spec, &found, &request->warnings, error);
        if (r >= 0 && found)
                request->given = TAKE_PTR(given);
        return r;
}

int run_request_read(Call *call, Error *error) {
        _cleanup_strv_free_ char **command = NULL;
        const char *name, *root;
        RunRequest *request;
        int r;

        r = request_new(call, &request, error);
        if (r < 0)
                return r;
        r = sd_bus_message_read(call->message, "ss", &name, &root);
        if (r < 0)
                return error_set_errno(error, r, step, NULL);
        if ((*name && str_replace(&request->spec->name, name) < 0) || str_replace(&request->spec->root, root) < 0)
                return error_oom(error);

        r = read_command(call->message, &command, error);
        if (r >= 0)
                r = spec_read_bus(request->spec, call->message, read_option, request, error);
        if (r >= 0)
                r = set_command(request->spec, command, error);
        if (r >= 0)
                r = apply_files(request, error);
        if (r < 0)
                return r;

        if (spec_first_host_setting(request->spec) || request->spec->settings_mode == SETTINGS_TRUSTED ||
            !spec_path_is_in_store(root))
                call->action = ACTION_RUN_PRIVILEGED;
        return describe_call(call, request->spec, error);
}

/*
 * Read twice: into an empty spec, to see what the caller sets, then over what is kept, which was authorized when
 * it was written.
 */
int run_request_read_kept(Call *call, Error *error) {
        _cleanup_spec_ Spec *kept = NULL;
        Machine *machine = NULL;
        RunRequest *request;
        const char *name;
        int r;

        r = request_new(call, &request, error);
        if (r < 0)
                return r;
        request->kept = true;
        r = sd_bus_message_read(call->message, "s", &name);
        if (r < 0)
                return error_set_errno(error, r, step, NULL);
        r = spec_check_name(name, error);
        if (r < 0)
                return r;
        r = kept_exists(call->operation.manager->kept_dir, name) ? 0
                                                                 : manager_get(call->operation.manager, name, &machine, error);
        if (r < 0)
                return r;
        if (machine)
                return error_set(error, ERROR_NO_SUCH_MACHINE, ENOENT, "looking up the machine", name,
                                 "there is no kept machine of this name, but one that goes when it ends");

        r = spec_read_bus(request->spec, call->message, read_option, request, error);
        if (r >= 0)
                r = kept_read_spec(call->operation.manager->kept_dir, name, &kept, error);
        if (r < 0)
                return r;
        if (spec_first_host_setting(request->spec) || request->spec->settings_mode == SETTINGS_TRUSTED)
                call->action = ACTION_RUN_PRIVILEGED;
        /* Another command or user in a machine that reaches the host is as good as such a machine. */
        if (spec_is_assigned(request->spec) && (spec_first_host_setting(kept) || !spec_path_is_in_store(kept->root)))
                call->action = ACTION_RUN_PRIVILEGED;

        spec_free(request->spec);
        request->spec = TAKE_PTR(kept);
        if (sd_bus_message_rewind(call->message, true) < 0 || sd_bus_message_skip(call->message, "s") < 0)
                return error_set_errno(error, -EBADMSG, step, NULL);
        r = spec_read_bus(request->spec, call->message, read_option, request, error);
        if (r >= 0)
                r = apply_files(request, error);
        return r < 0 ? r : describe_call(call, request->spec, error);
}

/* To the caller alone, before the reply, so that he has it by then; and into the log. */
void run_request_warn(Manager *manager, sd_bus_message *call, const RunRequest *request) {
        STRV_FOREACH(warning, request->warnings) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
                int r = sd_bus_message_new_signal(manager->bus, &m, MANAGER_PATH, MANAGER_INTERFACE, "Warning");

                log_warning("%s", *warning);
                if (r >= 0)
                        r = sd_bus_message_append(m, "s", *warning);
                if (r >= 0)
                        r = sd_bus_message_set_destination(m, sd_bus_message_get_sender(call));
                if (r >= 0)
                        r = sd_bus_send(manager->bus, m, NULL);
                if (r < 0)
                        log_debug("the caller was not warned: %s", errno_text(r));
        }
}

int run_request_run(Call *call, Error *error) {
        RunRequest *request = call->data;

        request->spec->owner = call->operation.uid;
        run_request_warn(call->operation.manager, call->message, call->data);
        return start_begin(call, error);
}
