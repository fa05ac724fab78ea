/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth inspect, cat, edit: what a machine is, for programs and to be changed. */

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "log.h"
#include "machine.h"
#include "output.h"
#include "spec-bus.h"
#include "spec-file.h"
#include "string-util.h"
#include "strv.h"
#include "verbs.h"

typedef struct InspectOptions {
        JsonMode json;
} InspectOptions;

static const Option inspect_options[] = {
        { "json", &type_json_mode, offsetof(InspectOptions, json), "JSON: short (one line) or pretty (the default)" },
        {},
};

/* A list as an array, a boolean as one, everything else in the setting's own syntax: as spec.json has it. */
static json_t *setting_to_json(const Setting *s, const Spec *spec) {
        const void *field = setting_field_const(s, spec);
        _cleanup_strv_free_ char **items = NULL;
        _cleanup_free_ char *text = NULL;
        json_t *array;

        if (s->type == &type_boolean)
                return json_boolean(*(const bool *) field);
        if (!s->type->list)
                return s->type->format(field, &text) < 0 ? NULL : text ? json_string(text) : json_null();
        if (s->type->format_list(field, &items) < 0)
                return NULL;
        array = json_array();
        STRV_FOREACH(item, items)
                (void) json_array_append_new(array, json_string(*item));
        return array;
}

static json_t *settings_to_json(const Spec *spec) {
        json_t *object = json_object();

        FOREACH_SETTING(s)
                if (setting_is_assigned(s, spec))
                        (void) json_object_set_new(object, s->name, setting_to_json(s, spec));
        return object;
}

static json_t *state_to_object(const MachineInfo *info) {
        return json_pack("{s:s, s:s, s:i, s:s*, s:s*, s:b, s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:s*, s:s*, s:I, s:s*, s:s*}",
                         "state", info->state, "result", info->result, "exit_status", info->exit_status, "reason",
                         isempty(info->reason) ? NULL : info->reason, "unit", isempty(info->unit) ? NULL : info->unit,
                         "keep_unit", info->keep_unit, "leader", (int) info->leader, "supervisor", (int) info->supervisor,
                         "uid_shift", (int) info->uid_shift, "uid_count", (int) info->uid_count, "started_usec",
                         (json_int_t) info->started, "finished_usec", (json_int_t) info->finished, "restarts",
                         (json_int_t) info->restarts, "next_restart_usec", (json_int_t) info->next_restart, "status_text",
                         isempty(info->status_text) ? NULL : info->status_text,
                         "health", isempty(info->health) ? NULL : info->health, "health_failures",
                         (json_int_t) info->health_failures, "health_output",
                         isempty(info->health_output) ? NULL : info->health_output, "survivors",
                         isempty(info->survivors) ? NULL : info->survivors);
}

/* Without a limit, or not known: -1. */
static json_int_t number_or_none(uint64_t value) {
        return value > INT64_MAX ? -1 : (json_int_t) value;
}

/* What concerns others: who owns it, where it is reached, where it writes to, and what it used. */
static json_t *surroundings_to_object(const MachineInfo *info) {
        json_t *addresses = json_array();

        STRV_FOREACH(address, info->addresses)
                (void) json_array_append_new(addresses, json_string(*address));
        return json_pack("{s:I, s:s*, s:s*, s:o, s:i, s:s*, s:I, s:I, s:I}", "owner", (json_int_t) info->owner, "log",
                         isempty(info->log) ? NULL : info->log, "network", isempty(info->network) ? NULL : info->network,
                         "addresses", addresses, "oom_kills", (int) info->oom_kills, "oom_victim",
                         isempty(info->oom_victim) ? NULL : info->oom_victim, "memory_peak", number_or_none(info->memory_peak),
                         "memory_limit", number_or_none(info->memory_limit), "cpu_usec", number_or_none(info->cpu_usec));
}

static int read_settings(sd_bus *bus, const MachineInfo *info, Spec *spec, Error *error) {
        _cleanup_message_ sd_bus_message *message = NULL;
        int r = machine_read_settings(bus, info, &message, error);

        return r < 0 ? r : spec_read_bus(spec, message, NULL, NULL, error);
}

typedef struct Inspect {
        sd_bus *bus;
        json_t *all;
} Inspect;

static int inspect_one(const char *name, void *userdata, Error *error) {
        _cleanup_machine_info_ MachineInfo info = MACHINE_INFO_NULL;
        _cleanup_spec_ Spec *spec = spec_new();
        Inspect *inspect = userdata;
        json_t *object, *state, *more;
        int r;

        if (!spec)
                return error_oom(error);
        r = machine_info_read(inspect->bus, name, &info, error);
        if (r >= 0)
                r = read_settings(inspect->bus, &info, spec, error);
        if (r < 0)
                return r;

        state = state_to_object(&info);
        more = surroundings_to_object(&info);
        (void) json_object_update(state, more);
        json_decref(more);
        object = json_pack("{s:s, s:s, s:o, s:o}", "name", info.name, "root", strempty(info.root), "state", state, "settings",
                           settings_to_json(spec));
        return !object || json_array_append_new(inspect->all, object) < 0 ? error_oom(error) : EXIT_SUCCESS;
}

static int inspect_verb(const Call *call, Error *error) {
        const InspectOptions *options = call->options;
        Inspect inspect = { .all = json_array() };
        _cleanup_bus_ sd_bus *bus = NULL;
        int status, r = client_open(&bus, error);

        if (r >= 0) {
                inspect.bus = bus;
                status = call_each(call, inspect_one, &inspect);
                r = json_dumpf(inspect.all, stdout, options->json == JSON_SHORT ? JSON_COMPACT : JSON_INDENT(2)) < 0 ? -EIO
                                                                                                                     : status;
                putchar('\n');
        }
        json_decref(inspect.all);
        return r;
}

const Verb verb_inspect = {
        .names = "inspect|show",
        .operands = "NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .options = inspect_options,
        .size = sizeof(InspectOptions),
        .initial = &(const InspectOptions){ .json = JSON_PRETTY },
        .flags = VERB_PAGED,
        .help = "Print settings and state of machines as JSON",
        .details =
                "An array with an object for each. Of a machine that runs the settings are as they were resolved. Environment= is "
                "left out, since it may hold secrets: berth cat shows it, to who may manage machines.",
        .run = inspect_verb,
};

/* With everything, for which one has to have the right to manage. */
static int read_kept(sd_bus *bus, const char *name, Spec *spec, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r = client_call_simple(bus, &reply, error, "GetMachineSettings", "s", name);

        return r < 0 ? r : spec_read_bus(spec, reply, NULL, NULL, error);
}

static int cat_one(const char *name, void *userdata, Error *error) {
        _cleanup_spec_ Spec *spec = spec_new();
        _cleanup_free_ char *text = NULL;
        int r = spec ? read_kept(userdata, name, spec, error) : error_oom(error);

        if (r >= 0)
                r = spec_file_write(spec, &text, error);
        if (r < 0)
                return r;
        printf("# %s\n", name);
        return print_lines(text) < 0 ? error_oom(error) : EXIT_SUCCESS;
}

static int cat_verb(const Call *call, Error *error) {
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = client_open(&bus, error);

        return r < 0 ? r : call_each(call, cat_one, bus);
}

const Verb verb_cat = {
        .names = "cat",
        .operands = "NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .flags = VERB_PAGED,
        .help = "Print what was set of machines, as a settings file",
        .details =
                "In the form of systemd.nspawn(5), as berth.settings(5) has it: one machine's settings saved in /etc/systemd/nspawn "
                "are another one's.",
        .run = cat_verb,
};

/* The editor of the user's choice, as systemctl edit finds it. */
static int run_editor(const char *path, Error *error) {
        static const char *const variables[] = { "SYSTEMD_EDITOR", "EDITOR", "VISUAL" };
        static const char *const usual[] = { "editor", "nano", "vim", "vi", NULL };
        _cleanup_strv_free_ char **words = NULL;
        int status = 0;
        pid_t child;

        for (size_t i = 0; i < ELEMENTSOF(variables) && !words; i++)
                if (!isempty(getenv(variables[i])) && strv_split(getenv(variables[i]), " ", &words) < 0)
                        return error_oom(error);
        child = fork();
        if (child < 0)
                return error_set_errno(error, negative_errno(), "starting the editor", NULL);
        if (child == 0) {
                if (words && strv_append(&words, path) >= 0)
                        (void) execvp(words[0], words);
                for (const char *const *editor = usual; !words && *editor; editor++)
                        (void) execlp(*editor, *editor, path, NULL);
                _exit(127);
        }
        if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return error_set(error, ERROR_FAILED, EIO, "editing", path, "the editor (%s) failed",
                                 words ? words[0] : "none of editor, nano, vim, vi was found, or it");
        return 0;
}

static int write_settings(sd_bus *bus, const char *name, const Spec *spec, Error *error) {
        _cleanup_message_ sd_bus_message *message = NULL;
        int r = client_new_call(bus, &message, "SetMachineSettings", error);

        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "s", name);
        if (r >= 0)
                r = sd_bus_message_open_container(message, 'a', "{sv}");
        if (r >= 0)
                r = spec_append_bus(spec, message);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return r < 0 ? error_set_errno(error, r, "writing the call", "SetMachineSettings")
                     : client_call(bus, message, NULL, error);
}

/* What the file says now; 0 where it is what it was before. */
static int read_edited(const char *path, const char *before, Spec *spec, Error *error) {
        _cleanup_strv_free_ char **warnings = NULL;
        _cleanup_free_ char *text = NULL;
        int r = file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &text, NULL);

        if (r < 0)
                return error_set_errno(error, r, "reading", path);
        if (streq(text, before))
                return 0;
        r = spec_file_read(&(SpecFile){ .path = path, .trusted = true }, text, spec, &warnings, error);
        STRV_FOREACH(warning, warnings)
                log_warning("%s", *warning);
        return r < 0 ? r : 1;
}

static int edit(sd_bus *bus, const char *name, const char *path, const char *text, Error *error) {
        _cleanup_spec_ Spec *spec = spec_new();
        int r = spec ? run_editor(path, error) : error_oom(error);

        if (r >= 0)
                r = read_edited(path, text, spec, error);
        if (r == 0)
                log_info("nothing was changed");
        return r <= 0 ? r : write_settings(bus, name, spec, error);
}

/* The manager would say so as well, but after all the typing. */
static int check_editable(sd_bus *bus, const char *name, Error *error) {
        _cleanup_machine_info_ MachineInfo info = MACHINE_INFO_NULL;
        int r = machine_info_read(bus, name, &info, error);

        if (r < 0 || !machine_state_is_alive(machine_state_from_string(strempty(info.state))))
                return r;
        return error_set(error, ERROR_MACHINE_RUNNING, EBUSY, "editing the machine", name,
                         "it is running: stop it first, with 'berth stop %s'; limits are changed at once by 'berth set-property'",
                         name);
}

static int edit_verb(const Call *call, Error *error) {
        char path[] = "/tmp/berth-edit-XXXXXX.nspawn";
        _cleanup_spec_ Spec *spec = spec_new();
        _cleanup_bus_ sd_bus *bus = NULL;
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r = spec ? client_open(&bus, error) : error_oom(error);

        if (r >= 0)
                r = check_editable(bus, call->operands[0], error);
        if (r >= 0)
                r = read_kept(bus, call->operands[0], spec, error);
        if (r >= 0)
                r = spec_file_write(spec, &text, error);
        if (r < 0)
                return r;

        fd = mkostemps(path, strlen(".nspawn"), O_CLOEXEC);
        r = fd < 0 ? negative_errno() : fd_write_all(fd, text, strlen(text));
        if (r < 0)
                return error_set_errno(error, r, "writing", path);
        r = edit(bus, call->operands[0], path, text, error);
        if (r < 0)
                log_info("what was written is in %s", path);
        else
                (void) unlink(path);
        return r < 0 ? r : EXIT_SUCCESS;
}

const Verb verb_edit = {
        .names = "edit",
        .operands = "NAME",
        .least = 1,
        .most = 1,
        .help = "Change the settings of a machine that does not run",
        .details =
                "With the editor that $SYSTEMD_EDITOR, $EDITOR or $VISUAL names. What is not there any more afterwards goes back to "
                "its default.",
        .run = edit_verb,
};
